// What is printed before the first step: a screenful of what follows, and every value where it is asked for.

import { describe, expect, it } from "vitest";
import { configKeys, layerFromAssignments, resolveConfig } from "#src/config/config.js";
import { methodNames } from "#src/methods/registry.js";
import { wrapWords } from "#src/terminal/wrapping.js";
import { formatAnnouncement } from "#src/training/announce.js";
import { deriveSchedule } from "#src/training/derived.js";

function announce(assignments: readonly string[], changes: object = {}) {
  const config = resolveConfig([layerFromAssignments(["source=/pictures/emoji", ...assignments])]);
  return formatAnnouncement({
    folder: "runs/first",
    config,
    derived: deriveSchedule(config, 3786),
    imagesHeld: "3,786 images kept decoded in memory",
    parameters: { encoder: 2_674_000, decoder: 250_001 },
    threads: 2,
    processes: null,
    memoryBytes: 640 * 1024 ** 2,
    seconds: 185,
    doneSteps: 0,
    ...changes,
  });
}

describe("formatAnnouncement", () => {
  it("says in words what the run will do", () => {
    expect(announce([]).lines).toEqual([
      "Pre-training with mixedae, a new run in runs/first",
      "  source         /pictures/emoji: 3,786 images kept decoded in memory",
      "  model          micro: 192 wide, 6 blocks, 3 heads; 32 x 32 pixels in 64 patches",
      "  parameters     2,924,001 (encoder 2,674,000, decoder 250,001)",
      "  batch          128 clean images, mixed in groups of 4; computed at once",
      "  learning rate  0.001 after 100 steps of warm-up, then half-cosine to 0",
      "  length         2,000 steps, 67.6 epochs of 29.6 steps",
      "  device         cpu, 2 threads",
      "  memory         about 640 MiB",
      "  time           about 3 min 5 s",
    ]);
  });

  it("shows every key of the configuration", () => {
    const text = announce([]).configuration.join("\n");
    // These two are left out where images have three channels, and where nothing is measured.
    const keys = configKeys("mixedae").filter(({ path }) => !["model.channels", "data.normalization"].includes(path));
    for (const { path } of keys) expect(text).toContain(`${path.split(".").at(-1)}=`);
  });

  it.each(methodNames)("of %s takes a screenful at most on a terminal of 80 columns", (method) => {
    const { lines } = announce([`method=${method}`, "schedule.microBatch=32"]);
    expect(wrapWords(lines.join("\n"), 79).split("\n").length).toBeLessThanOrEqual(20);
  });

  it("says when micro-batches add up, when a run goes on, and what is not known", () => {
    const assignments = ["method=mae", "schedule.microBatch=32", "schedule.warmupShare=0", "schedule.steps=1"];
    const text = announce(assignments, { memoryBytes: null, seconds: null, doneSteps: 1000 }).lines.join("\n");
    expect(text).toContain("Pre-training with mae, continuing after step 1,000 in runs/first");
    expect(text).toContain("128 clean images; 4 micro-batches of 32");
    expect(text).toContain("0.001 from the first step on, then half-cosine to 0");
    expect(text).toContain("1 step, ");
    expect(text).toContain("not known before the first steps");
  });
});
