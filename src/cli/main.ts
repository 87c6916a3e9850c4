#!/usr/bin/env node
// The mixedae program.

import { readLaunch } from "../processes/launch.js";
import { Output } from "./output.js";
import { runCli } from "./program.js";

// Of several processes, the first one speaks for all.
const isSilent = (readLaunch(process.env)?.rank ?? 0) > 0;
const stdout = new Output(process.stdout, isSilent);
const stderr = new Output(process.stderr, isSilent);

const exitCode = await runCli(process.argv.slice(2), {
  stdout,
  stderr,
  environment: process.env,
  loadTraining: () => import("../training/index.js"),
  outputFailure: () => stdout.settled(),
});
// What was written must be out first.
await stdout.settled();
await stderr.settled();
// Worker threads of a run that failed must not keep the process alive.
process.exit(exitCode);
