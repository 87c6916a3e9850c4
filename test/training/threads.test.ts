// A new run asks for threads that make sense here; a run from a larger machine goes on with what makes sense.
import { expect, test } from "vitest";
import { ConfigError } from "#src/config/errors.js";
import { mostThreads } from "#src/engine/machine.js";
import { checkThreads, runHere, threadsHere } from "#src/training/threads.js";

test("a new run with too many threads is refused", () => {
  checkThreads({ threads: mostThreads() });
  expect(() => checkThreads({ threads: mostThreads() + 1 })).toThrow(ConfigError);
  expect(() => checkThreads({ threads: mostThreads() + 1 })).toThrow(/run\.threads: expected .* Take 0 /);
});

test("a run that goes on is adapted, and a line says so", () => {
  const lines: string[] = [];
  const print = (line: string) => lines.push(line);
  expect(runHere({ threads: 1, keep: 2 }, {}, print)).toEqual({ threads: 1, keep: 2 });
  expect(runHere({ threads: 512 }, { threads: 1 }, print)).toEqual({ threads: 1 });
  expect(runHere({ threads: 1, memoryCheck: true }, { memoryCheck: false }, print)).toEqual({
    threads: 1,
    memoryCheck: false,
  });
  expect(lines).toEqual([]);
  expect(runHere({ threads: 4096, keep: 2 }, {}, print)).toEqual({ threads: 0, keep: 2 });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("The run was started with 4096 threads");
  expect(threadsHere({ threads: 4096 })).toBe(0);
});

test("what is asked for when it goes on is checked as for a new run", () => {
  expect(() => runHere({ threads: 1 }, { threads: 1_000_000 }, () => {})).toThrow(ConfigError);
});
