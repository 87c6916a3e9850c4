// mixedae segment: what an encoder's patches tell of what they show.

import type { Command } from "commander";
import { type CliContext, warnOn } from "./context.js";
import { describeEvaluation, frozenNamed } from "./evaluate.js";

export function addSegment(program: Command, context: CliContext, finish: (exitCode: number) => void): void {
  const patches = frozenNamed("patches");
  const group = program
    .command("segment")
    .summary(patches.summary)
    .description("Segmentation by the patches of an encoder: what each of them shows.");
  describeEvaluation(group.command("nearest"), patches, context, finish);
  // Until version 1.0: mixedae segment --from ... was the command before there were several.
  const former = group.command("former", { isDefault: true, hidden: true });
  describeEvaluation(former, patches, context, finish, () =>
    warnOn(context)(
      "mixedae segment --from ... is mixedae segment nearest --from ... now; the old form is gone in version 1.0",
    ),
  );
}
