// Turns whatever a command throws into what is printed and the exit code.

import { CommanderError } from "commander";
import { ConfigError } from "../config/errors.js";
import { DataError } from "../data/errors.js";
import { EngineError } from "../engine/errors.js";
import { StorageError } from "../files/storage-error.js";
import { FormatError } from "../formats/errors.js";
import { PeerError, ProcessesError } from "../processes/errors.js";
import { printable, printableLines } from "../terminal/printable.js";
import type { ProgressStream } from "../terminal/progress-line.js";
import { CheckpointError, MemoryError, RunDirectoryError, TrainingDivergedError } from "../training/errors.js";

/** The error of a command line that cannot be carried out as it stands. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const exitCodes = { failure: 1, usage: 2 } as const;

const usageErrors = [ConfigError, UsageError];
const foreseenErrors = [
  ProcessesError,
  CheckpointError,
  DataError,
  EngineError,
  FormatError,
  MemoryError,
  RunDirectoryError,
  StorageError,
  TrainingDivergedError,
];

/** Errors of the library say it where the request has to change: a path to nothing, a name that is taken. */
function isMisuse(error: unknown): error is Error {
  return error instanceof Error && "isMisuse" in error && error.isMisuse === true;
}

/** Whether it is the error of another process, and one that is foreseen. */
function isForeseenElsewhere(error: unknown): boolean {
  if (!(error instanceof PeerError)) return false;
  return error.isMisuse !== undefined || [...usageErrors, ...foreseenErrors].some(({ name }) => name === error.kind);
}

/** Prints a message for a person, with a stack only for unforeseen errors; returns the exit code. */
export function reportError(error: unknown, stderr: ProgressStream): number {
  if (error instanceof CommanderError) {
    // Commander has printed the help, the version or its complaint by itself.
    return error.exitCode === 0 ? 0 : exitCodes.usage;
  }
  if (usageErrors.some((known) => error instanceof known) || isMisuse(error)) {
    const { message } = error as Error;
    // Only a configuration's problems are listed line by line; in any other message, what was typed or read from a file
    // begins no line of its own.
    stderr.write(`error: ${error instanceof ConfigError ? printableLines(message) : printable(message)}\n`);
    return exitCodes.usage;
  }
  if (foreseenErrors.some((known) => error instanceof known) || isForeseenElsewhere(error)) {
    stderr.write(`error: ${printable((error as Error).message)}\n`);
    return exitCodes.failure;
  }
  const text =
    error instanceof PeerError
      ? `process ${error.rank}: ${error.trace}`
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error);
  stderr.write(
    `${printableLines(text)}\n\nThis should not have happened: it is a bug in mixedae. ` +
      "Please report it with the lines above, the command, and what `mixedae doctor` prints.\n",
  );
  return exitCodes.failure;
}
