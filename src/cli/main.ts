#!/usr/bin/env node
// The mixedae program.

import { Output } from "./output.js";
import { runCli } from "./program.js";

const stdout = new Output(process.stdout);
const stderr = new Output(process.stderr);

const exitCode = await runCli(process.argv.slice(2), {
  stdout,
  stderr,
  loadTraining: () => import("../training/index.js"),
  outputFailure: () => stdout.settled(),
});
// What was written must be out first.
await stdout.settled();
await stderr.settled();
// Worker threads of a run that failed must not keep the process alive.
process.exit(exitCode);
