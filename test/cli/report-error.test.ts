// Errors that were foreseen are one message; others show where they come from.

import { describe, expect, it } from "vitest";
import { reportError, UsageError } from "#src/cli/report-error.js";
import { ConfigError } from "#src/config/errors.js";
import { SourceError, TooFewImagesError } from "#src/data/errors.js";
import { EngineError } from "#src/engine/errors.js";
import { DamagedFileError, EvaluationError } from "#src/evaluations/errors.js";
import { StorageError } from "#src/files/storage-error.js";
import { FormatError } from "#src/formats/errors.js";
import {
  CheckpointError,
  OutputError,
  RunDirectoryError,
  TrainingDivergedError,
  UnsuitableCheckpointError,
  UnsuitableRunError,
} from "#src/training/errors.js";

function report(error: unknown): { code: number; text: string } {
  let text = "";
  const code = reportError(error, {
    write: (part) => {
      text += part;
    },
  });
  return { code, text };
}

describe("reportError", () => {
  it.each([
    [new ConfigError(["seed: wrong"]), 2],
    [new UsageError("wrong"), 2],
    [new CheckpointError("a", "cut short"), 1],
    [new EngineError("no such device"), 1],
    [new DamagedFileError({ expected: "36 lines", found: "35", remedy: "Embed again" }), 1],
    [new FormatError("tar", "cut short"), 1],
    [new RunDirectoryError("not a run"), 1],
    [new UnsuitableRunError("not a run"), 2],
    [new UnsuitableCheckpointError("a", "another library's"), 2],
    [new OutputError({ expected: "a free name", found: "a file", remedy: "Choose another" }), 2],
    [new EvaluationError({ expected: "labels", found: "none", remedy: "Give another set" }), 2],
    [new DamagedFileError({ expected: "a report", found: "half of one", remedy: "Delete it" }), 1],
    [new TooFewImagesError(3, 8), 2],
    [new SourceError({ expected: "a folder", found: "nothing", remedy: "Check the path" }), 2],
    [new SourceError({ expected: "a tar", found: "half", remedy: "Get it" }, { cause: new FormatError("tar", "") }), 1],
    [new StorageError("full", "ENOSPC", "a", undefined), 1],
    [new StorageError("no such file", "ENOENT", "a", undefined), 2],
    [new TrainingDivergedError(3, Number.NaN, 1, "failures/step-3.safetensors"), 1],
  ])("prints %s in one line", (error, code) => {
    expect(report(error)).toEqual({ code, text: `error: ${error.message}\n` });
  });

  it("shows the stack of any other, and asks for a report", () => {
    const { code, text } = report(new TypeError("undefined is not a function"));
    expect(code).toBe(1);
    expect(text).toMatch(/TypeError: undefined is not a function\n\s+at .*report-error.test/);
    expect(text).toContain("it is a bug in mixedae");
    expect(report("text").text).toContain("text\n\nThis should not have happened");
  });
});
