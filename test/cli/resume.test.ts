// mixedae resume passes on what may change, and says how to change the rest.

import { expect, it } from "vitest";
import { finished, record } from "./recording.js";

it("goes on with the run, on other threads where asked to", async () => {
  expect((await record(["resume", "runs/a"])).calls[0]?.slice(0, 3)).toEqual(["resume", "runs/a", {}]);
  const { exitCode, calls } = await record(["resume", "runs/a", "--threads", "0"]);
  expect([exitCode, calls[0]?.[2]]).toEqual([0, { threads: 0 }]);
  const unchecked = await record(["resume", "runs/a", "--no-memory-check"]);
  expect(unchecked.calls[0]?.[2]).toEqual({ memoryCheck: false });
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
