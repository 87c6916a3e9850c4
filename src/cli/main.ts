#!/usr/bin/env node
// The mixedae program.

import { runCli } from "./program.js";

// Whoever reads our output may stop reading (mixedae ... | head); a run goes on all the same.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

const exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  loadTraining: () => import("../training/index.js"),
});
// Worker threads of a run that failed must not keep the process alive; what was written must be out first.
process.stdout.write("", () => process.stderr.write("", () => process.exit(exitCode)));
