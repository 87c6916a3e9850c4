// mixedae knn: how well images are classified by their nearest labelled ones.

import type { Command } from "commander";
import type { KnnReport } from "../evaluations/evaluate-knn.js";
import type { Pooling } from "../heads/features.js";
import type { CliContext } from "./context.js";
import {
  addModelFlags,
  addReportFlag,
  addSetFlags,
  fromFlag,
  fromHelp,
  type ModelFlags,
  modelRequest,
  poolOption,
  prepareReport,
  type ReportFlags,
  type SetFlags,
  setsRequest,
  threadsOption,
} from "./evaluation-flags.js";

interface KnnFlags extends ModelFlags, SetFlags, ReportFlags {
  readonly pool?: Pooling;
  readonly threads: number;
}

export function addKnn(program: Command, { stdout, stderr }: CliContext, finish: (exitCode: number) => void): void {
  const command = program
    .command("knn")
    .summary("classify images by their nearest labelled ones")
    .description(
      "Evaluates frozen features: each test image gets the class for which its nearest training images vote, weighted " +
        "by exp(similarity / 0.07) (DINO's protocol). Nothing is trained.",
    )
    .requiredOption(fromFlag, fromHelp);
  addModelFlags(
    addReportFlag(addSetFlags(command, "decides which labels those are"))
      .addOption(poolOption())
      .addOption(threadsOption()),
  )
    .addHelpText(
      "after",
      [
        "",
        "kNN is naturally low for masked autoencoders: what they learn lies in features that a linear map or",
        "fine-tuning brings out. Compare runs with each other and with --from scratch, not with contrastive methods.",
        "",
        "Examples:",
        "  mixedae knn --from runs/first --train flowers/train --test flowers/test",
        "  mixedae knn --from scratch --train fashion-mnist --test fashion-mnist --labels-fraction 10% --out scratch.json",
      ].join("\n"),
    )
    .action(async (flags: KnnFlags) => {
      const sets = setsRequest(flags);
      await prepareReport(flags, sets);
      const { classTable, describeSets, evaluateKnn, ImageProgress, writeReport } = await import(
        "../evaluations/index.js"
      );
      const { pool, threads } = flags;
      const report = await evaluateKnn(
        { ...modelRequest(flags, { stderr }), ...sets, ...(pool && { pooling: pool }), threads },
        new ImageProgress(stdout),
      );
      const { k, pooling } = report.detail;
      const lines = [
        describeSets(report),
        ...scoreTable(report),
        "",
        `By class, the ${k} nearest by ${pooling}:`,
        ...classTable(report.detail),
      ];
      for (const line of lines) stdout.write(`${line}\n`);
      if (flags.out !== undefined) stdout.write(`Wrote ${flags.out} and ${await writeReport(flags.out, report)}\n`);
      finish(0);
    });
}

/** A row for each k, a column for each pooling. */
function scoreTable({ scores }: KnnReport): string[] {
  const poolings = [...new Set(scores.map(({ pooling }) => pooling))];
  const counts = [...new Set(scores.map(({ k }) => k))];
  const withFive = scores.some(({ top5 }) => top5 !== null);
  const columns = poolings.flatMap((pooling) => [`${pooling} top-1`, ...(withFive ? [`${pooling} top-5`] : [])]);
  const cell = (value: number | null) => (value === null ? "-" : `${(100 * value).toFixed(1)}%`).padStart(12);
  return [
    `${"nearest".padStart(9)}${columns.map((column) => column.padStart(12)).join("")}`,
    ...counts.map((k) => {
      const cells = poolings.flatMap((pooling) => {
        const { top1, top5 } = scores.find((score) => score.k === k && score.pooling === pooling)!;
        return [cell(top1), ...(withFive ? [cell(top5)] : [])];
      });
      return `${String(k).padStart(9)}${cells.join("")}`;
    }),
  ];
}
