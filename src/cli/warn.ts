// Where warnings of the library go: the error output, so that what a command prints can still be read by a program.

import type { Warn } from "../training/newest-checkpoint.js";
import type { CliContext } from "./context.js";

export function warnOn({ stderr }: Pick<CliContext, "stderr">): Warn {
  return (message) => stderr.write(`warning: ${message}\n`);
}
