// mixedae resume passes on what may change, and says how to change the rest.

import { expect, it } from "vitest";
import type { ResumeOptions } from "#src/training/hooks.js";
import { finished, type Recording, record } from "./recording.js";

/** What is asked for beside the listening that every run gets. */
function overridesOf({ calls }: Recording): object {
  const { onEvent, signal, createEvaluator, communicator, ...overrides } = calls[0]![2] as ResumeOptions;
  expect([typeof onEvent, signal?.aborted, typeof createEvaluator]).toEqual(["function", false, "function"]);
  expect(communicator?.size).toBe(1);
  return overrides;
}

it("goes on with the run, on other threads where asked to", async () => {
  const plain = await record(["resume", "runs/a"]);
  expect(plain.calls[0]?.slice(0, 2)).toEqual(["resume", "runs/a"]);
  expect(overridesOf(plain)).toEqual({});
  const threads = await record(["resume", "runs/a", "--threads", "0"]);
  expect([threads.exitCode, overridesOf(threads)]).toEqual([0, { threads: 0 }]);
  expect(overridesOf(await record(["resume", "runs/a", "--no-memory-check"]))).toEqual({ memoryCheck: false });
});

it("explains in its help that a longer run is a new run", async () => {
  const { out } = await record(["resume", "--help"]);
  expect(out).toContain("mixedae pretrain --config RUN/config.json --out NEW --steps N");
});

it("says how to go on when the run was stopped", async () => {
  const stopped = { ...finished, outcome: "stopped", step: 812 } as const;
  const { exitCode, out } = await record(["resume", "runs/a"], { resume: async () => stopped });
  expect(exitCode).toBe(130);
  expect(out).toContain("Stopped after step 812 of 2,000, loss 0.3712.");
  expect(out).toContain("To continue: mixedae resume runs/a\n");
});
