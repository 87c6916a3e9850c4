// The door of the configuration: what comes out for what goes in, and what is refused in which words.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ConfigLayer, groupSize, layerFromAssignments, parseConfig, resolveConfig } from "#src/config/config.js";
import { ConfigError } from "#src/config/errors.js";
import { dinoMicroDefaults } from "#src/methods/dino/options.js";
import { ibotMicroDefaults } from "#src/methods/ibot/options.js";
import { methodDefaults, methodNames } from "#src/methods/registry.js";
import { modelPresetNames, modelPresets, patchCount } from "#src/nn/presets.js";

const source: ConfigLayer = { origin: "the command line", values: { source: "pictures" } };
const resolveSet = (...assignments: string[]) => resolveConfig([source, layerFromAssignments(assignments)], "/data");

function problemsOf(action: () => unknown): readonly string[] {
  try {
    action();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error("expected a ConfigError");
}

describe("resolveConfig", () => {
  it("fills in everything but the source", () => {
    const config = resolveConfig([source], "/data");
    expect(config).toMatchObject({ method: "mixedae", seed: 0, source: "/data/pictures" });
    expect(config.model).toEqual({ preset: "micro", ...modelPresets.micro });
    expect(config.methodOptions).toEqual(methodDefaults.mixedae);
    expect(config.schedule).toMatchObject({ epochs: null, steps: 2000, batchSize: 128, microBatch: 128 });
  });

  it("takes MAE's recipe for the large models", () => {
    const { schedule, optimizer } = resolveSet("model.preset=large", "method=mae");
    expect(schedule).toMatchObject({ epochs: 800, batchSize: 4096, baseLearningRate: 1.5e-4, minLearningRate: 0 });
    // 40 of 800 epochs.
    expect(schedule.warmupShare! * schedule.epochs!).toBe(40);
    expect(optimizer).toMatchObject({ betas: [0.9, 0.95], weightDecay: 0.05 });
  });

  it("takes iBOT's recipe for its method: local crops of 3/7 of the image, no decay of the smallest rate to 0", () => {
    const micro = resolveSet("method=ibot");
    expect(micro).toMatchObject({
      methodOptions: { ...ibotMicroDefaults, localSize: 16 },
      schedule: { steps: 2000, minLearningRate: 1e-6 },
      optimizer: { betas: [0.9, 0.999], weightDecay: 0.04, clipNorm: null },
      run: { picturesEvery: 0 },
    });
    const base = resolveSet("method=ibot", "model.preset=base");
    expect(base).toMatchObject({
      methodOptions: { localCrops: 10, localSize: 96, prototypes: 8192 },
      data: { scale: [0.25, 1] },
      schedule: { epochs: 400, batchSize: 1024, baseLearningRate: 5e-4 },
    });
    expect(resolveSet("method=ibot", "model.imageSize=64").methodOptions).toMatchObject({ localSize: 28 });
  });

  it("takes DINO's recipe for its method, and has no masks", () => {
    const micro = resolveSet("method=dino");
    expect(micro).toMatchObject({
      methodOptions: { ...dinoMicroDefaults, localSize: 16 },
      schedule: { steps: 2000, warmupShare: 0.1, minLearningRate: 1e-6 },
      optimizer: { betas: [0.9, 0.999], weightDecay: 0.04, clipNorm: null },
    });
    const base = resolveSet("method=dino", "model.preset=base");
    expect(base).toMatchObject({
      methodOptions: { localCrops: 8, localSize: 96, localScale: [0.05, 0.4], prototypes: 65_536 },
      data: { scale: [0.4, 1] },
      schedule: { epochs: 100, warmupShare: 0.1, batchSize: 1024, baseLearningRate: 5e-4 },
    });
    expect(problemsOf(() => resolveSet("method=dino", "methodOptions.maskShape=block"))).toEqual([
      expect.stringContaining("maskShape"),
    ]);
  });

  it.each([
    ["ibot", "iBOT"],
    ["dino", "DINO"],
  ])("refuses what does not fit %s", (method, title) => {
    const problems = problemsOf(() =>
      resolveSet(`method=${method}`, "methodOptions.localSize=18", "optimizer.clipNorm=1", "run.picturesEvery=10"),
    );
    expect(problems).toEqual([
      "methodOptions.localSize: expected a multiple of model.patchSize = 4 up to the shorter side of model.imageSize, 32; found 18. Take 16 or 20",
      `optimizer.clipNorm: expected null, for ${title} clips each parameter by methodOptions.parameterClipNorm; found 1. Leave it out`,
      `run.picturesEvery: expected 0, for ${title} reconstructs nothing that could be drawn; found 10. Leave it out`,
    ]);
  });

  it("lets later layers win, key by key", () => {
    const config = resolveConfig([
      { origin: "a.yaml", values: { source: "/a", model: { preset: "tiny", depth: 4 }, seed: 1 } },
      { origin: "--seed", values: { seed: 2 } },
      layerFromAssignments(["model.depth=6", "data.scale=[0.5, 1]"]),
    ]);
    expect(config).toMatchObject({
      seed: 2,
      model: { preset: "tiny", depth: 6, width: 192 },
      data: { scale: [0.5, 1] },
    });
  });

  it("lets a later layer choose the other of two keys that exclude each other", () => {
    const file = { origin: "a.yaml", values: { schedule: { epochs: 3, warmupEpochs: 1, baseLearningRate: 1e-3 } } };
    const config = resolveConfig([
      source,
      file,
      layerFromAssignments(["schedule.steps=50", "schedule.warmupShare=0.1", "schedule.learningRate=0.01"]),
    ]);
    expect(config.schedule).toMatchObject({ epochs: null, steps: 50, warmupEpochs: null, warmupShare: 0.1 });
    expect(config.schedule).toMatchObject({ baseLearningRate: null, learningRate: 0.01 });
  });

  it("refuses both keys of such a pair in one layer, and neither", () => {
    expect(problemsOf(() => resolveSet("schedule.epochs=1", "schedule.steps=5"))).toEqual([
      "schedule.epochs and schedule.steps exclude each other; --set sets both. Remove one",
    ]);
    expect(problemsOf(() => resolveSet("schedule.steps=null"))).toEqual([
      "schedule: expected exactly one of epochs and steps; found neither. Set one, and leave the other out",
    ]);
  });

  it("gives back what it is given when that was resolved before", () => {
    const choice = fc.record({
      preset: fc.constantFrom(...modelPresetNames),
      method: fc.constantFrom(...methodNames),
      batchGroups: fc.integer({ min: 1, max: 300 }),
      length: fc.constantFrom("epochs", "steps"),
    });
    fc.assert(
      fc.property(choice, ({ preset, method, batchGroups, length }) => {
        const config = resolveSet(
          `model.preset=${preset}`,
          `method=${method}`,
          `schedule.batchSize=${4 * batchGroups}`,
          `schedule.${length}=7`,
        );
        const json: unknown = JSON.parse(JSON.stringify(config));
        expect(resolveConfig([{ origin: "config.json", values: json }])).toEqual(config);
        expect(parseConfig(json, "config.json")).toEqual(config);
        expect(config.schedule.batchSize % config.schedule.microBatch).toBe(0);
        expect(config.schedule.microBatch % groupSize(config)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it("makes every path of the source absolute", () => {
    const list = { origin: "a.yaml", values: { source: ["a.tar", "/b.tar"] } };
    expect(resolveConfig([list], "/data").source).toEqual(["/data/a.tar", "/b.tar"]);
  });

  it("takes a rounded mixing ratio for the exact one", () => {
    const ratio = (text: string) =>
      resolveSet(`methodOptions.mixingRatio=${text}`, "schedule.batchSize=12", "model.imageSize=48").methodOptions;
    expect(ratio("0.333")).toMatchObject({ mixingRatio: 1 / 3 });
    expect(ratio("0.1667")).toMatchObject({ mixingRatio: 1 / 6 });
    expect(problemsOf(() => ratio("0.3"))[0]).toContain("expected one over a whole number, such as 0.5, 0.3333");
  });

  it("fills in the parts of a colour jitter that were not named", () => {
    const { colorJitter } = resolveSet("data.colorJitter={brightness: 0.4}").data;
    expect(colorJitter).toEqual({ brightness: 0.4, contrast: 0, saturation: 0, hue: 0, probability: 1 });
  });
});

describe("errors of resolveConfig", () => {
  it("suggests the nearest key, says where the wrong one is from and lists the valid ones", () => {
    const [problem] = problemsOf(() => resolveSet("model.widht=64"));
    expect(problem).toContain("model.widht (from --set): no such key. Did you mean model.width?");
    expect(problem).toContain("Valid keys here: preset, imageSize, patchSize, channels, width,");
  });

  it("finds a right key in the wrong section", () => {
    expect(problemsOf(() => resolveSet("batchSize=64"))[0]).toContain("Did you mean schedule.batchSize?");
    expect(problemsOf(() => resolveSet("model.learning_rate=1"))[0]).toContain("Did you mean schedule.learningRate?");
  });

  it("lists the choices, with the nearest", () => {
    expect(problemsOf(() => resolveSet("method=mixdae"))).toEqual([
      `method (from --set): expected one of ${methodNames.join(", ")}; found "mixdae". Did you mean mixedae?`,
    ]);
    expect(problemsOf(() => resolveSet("model.preset=vit-huge"))[0]).toContain("tiny, small, base, large, huge");
    expect(problemsOf(() => resolveSet("run.device=gpu"))).toEqual([
      'run.device (from --set): expected one of cpu, webgpu; found "gpu". Did you mean webgpu?',
    ]);
  });

  it("names all problems at once", () => {
    const problems = problemsOf(() =>
      resolveSet("seed=-1", "data.flip=3", "run.checkpointEvery=soon", "model.depth=2.5"),
    );
    expect(problems).toEqual([
      "seed (from --set): expected a whole number of at least 0; found -1",
      "model.depth (from --set): expected a whole number from 1 to 256; found 2.5",
      "data.flip (from --set): expected true or false; found 3",
      'run.checkpointEvery (from --set): expected a number of steps, or a time such as "30s", "10m" or "2h"; 0 for never; found "soon"',
    ]);
  });

  it("refuses options of another method", () => {
    expect(problemsOf(() => resolveSet("method=mae", "methodOptions.temperature=1"))[0]).toContain("of method mae");
  });

  it("says what to do when there is no source", () => {
    expect(problemsOf(() => resolveConfig([]))).toEqual([
      "source: nothing to learn from. Name a folder of images, .tar shards or a folder of IDX files",
    ]);
  });

  it("refuses __proto__ like any unknown key, and changes no prototype", () => {
    expect(problemsOf(() => resolveSet("__proto__.polluted=1"))[0]).toContain("__proto__ (from --set): no such key");
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it.each([
    [["model.patchSize=5"], "model.imageSize: expected a multiple of model.patchSize = 5; found 32. Take 30 or 35"],
    [["model.heads=5"], "model.width: expected a multiple of model.heads = 5 and of 4"],
    [["model.decoderWidth=90"], "model.decoderWidth: expected a multiple of model.decoderHeads = 3 and of 4"],
    [["model.mlpRatio=2.001"], "model.mlpRatio: expected a ratio that gives whole widths"],
    [["methodOptions.mixingRatio=0.3333", "schedule.batchSize=12"], "expected groups that divide the 64 patches"],
    [["method=mae", "methodOptions.maskRatio=0.995"], "leaves at least 1 and hides at least 1 of the 64 patches"],
    [
      ["schedule.batchSize=126"],
      "schedule.batchSize: expected a multiple of the 4 images that are mixed at mixingRatio 0.25; found 126. Take 124, or 128 where there are as many images; or train without mixing: --method mae",
    ],
    [["schedule.batchSize=3"], "found 3. Take 4 where there are as many images; or train without mixing: --method mae"],
    [
      ["schedule.microBatch=48"],
      "schedule.microBatch: expected a divisor of schedule.batchSize = 128; found 48. Take 32",
    ],
    [["schedule.microBatch=2"], "schedule.microBatch: expected a multiple of the 4 images"],
    [
      ["schedule.batchSize=36", "schedule.microBatch=18"],
      "schedule.microBatch: expected a multiple of the 4 images that are mixed at mixingRatio 0.25; found 18. Take 12, or",
    ],
    [
      ["methodOptions.segmentBlocks=6"],
      "methodOptions.segmentBlocks: expected fewer than model.depth = 6 blocks; found 6",
    ],
    [
      ["methodOptions.segmentEmbedding=false", "methodOptions.segmentSteps=50"],
      "methodOptions.segmentSteps: expected null where methodOptions.segmentEmbedding is false; found 50",
    ],
    [
      ["methodOptions.homologousFrom=6"],
      "methodOptions.homologousFrom: expected a block below model.depth = 6; found 6",
    ],
    [["schedule.epochs=3", "schedule.warmupEpochs=4"], "schedule.warmupEpochs: expected at most schedule.epochs = 3"],
  ])("checks values against each other: %j", (assignments, sentence) => {
    const problems = problemsOf(() => resolveSet(...assignments));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(sentence);
  });
});

describe("bounds", () => {
  it.each([
    "model.imageSize",
    "model.patchSize",
    "model.width",
    "model.depth",
    "model.heads",
    "model.mlpRatio",
    "model.decoderWidth",
    "model.decoderDepth",
    "model.decoderHeads",
    "data.workers",
    "data.memoryBudgetMiB",
    "schedule.epochs",
    "schedule.steps",
    "schedule.batchSize",
    "schedule.microBatch",
    "schedule.learningRate",
    "schedule.warmupEpochs",
    "optimizer.weightDecay",
    "run.threads",
    "run.keep",
    "evaluation.images",
    "methodOptions.temperature",
    "methodOptions.contrastiveWeight",
  ])("%s has both, and takes no number that is none", (path) => {
    for (const value of ["1e12", "1e308", ".inf", "-.inf", ".nan", "-1", "9".repeat(400)]) {
      const [problem] = problemsOf(() => resolveSet(`${path}=${value}`));
      expect(problem).toMatch(new RegExp(`^${path} \\(from --set\\): expected .*; found (-?Infinity|NaN|-?[\\de+]+)$`));
    }
  });

  it("of iBOT's head and crops", () => {
    for (const name of ["prototypes", "headHidden", "headBottleneck", "localCrops", "localSize"]) {
      const [problem] = problemsOf(() => resolveSet("method=ibot", `methodOptions.${name}=1000000000`));
      expect(problem).toMatch(
        new RegExp(`^methodOptions\\.${name} .*expected a whole number from [01] to [\\d,]+; found`),
      );
    }
  });

  it("fit the largest models of the literature", () => {
    const vit22b = [
      "model.width=6144",
      "model.depth=48",
      "model.heads=48",
      "model.imageSize=224",
      "model.patchSize=14",
    ];
    expect(resolveSet("model.preset=huge", ...vit22b, "schedule.batchSize=4096").model.width).toBe(6144);
    expect(
      resolveSet("method=mae", "model.imageSize=8192", "model.patchSize=128", "schedule.batchSize=8"),
    ).toBeDefined();
    expect(resolveSet("method=ibot", "methodOptions.prototypes=131072", "methodOptions.headHidden=4096")).toBeDefined();
  });

  it("hold for what is too large only together", () => {
    expect(problemsOf(() => resolveSet("method=mae", "model.imageSize=8192", "schedule.batchSize=8"))).toEqual([
      "model.patchSize: expected at most 10,000 patches of an image; found 4,194,304 in 8192 x 8192 pixels. Raise it, or lower model.imageSize",
    ]);
    const vast = ["model.width=12288", "model.depth=64", "model.heads=96", "schedule.batchSize=4"];
    expect(problemsOf(() => resolveSet(...vast))).toEqual([
      expect.stringMatching(/^model: expected at most 30,000,000,000 parameters; found about 115,\d+,\d+,\d+\. Lower/),
    ]);
    const batch = ["method=mae", "model.imageSize=8192", "model.patchSize=128", "schedule.batchSize=1024"];
    expect(problemsOf(() => resolveSet(...batch))[0]).toContain(
      "schedule.batchSize: expected at most 21 images of 8192 x 8192 pixels, which 4.0 GiB hold; found 1024",
    );
  });
});

describe("what takes no time to refuse", () => {
  const refused = (values: object) => problemsOf(() => resolveConfig([source, { origin: "a.yaml", values }]));
  const nested = (depth: number) => Array.from({ length: depth }).reduce<object>((inner) => ({ a: inner }), {});

  it("thousands of unknown keys", { timeout: 5000 }, () => {
    const keys = Array.from({ length: 20_000 }, (_, index) => [`key${index}`, 1] as const);
    const problems = refused(Object.fromEntries(keys));
    expect(problems).toHaveLength(21);
    expect(problems.at(-1)).toBe("and 19980 more problems. Mend these first");
  });

  it("names and values of millions of letters", { timeout: 5000 }, () => {
    const long = "k".repeat(3_000_000);
    expect(refused({ [long]: 1 })[0]!.length).toBeLessThan(400);
    expect(refused({ method: long })[0]!.length).toBeLessThan(400);
    expect(problemsOf(() => layerFromAssignments([`model.width=${"[".repeat(50_000)}`]))[0]!.length).toBeLessThan(600);
  });

  it("keys in sections without end, and lists without end", { timeout: 5000 }, () => {
    expect(refused({ model: nested(100_000) })[0]).toContain("a.yaml: it is nested more than 64 levels deep");
    expect(problemsOf(() => resolveSet(`${"a.".repeat(50_000)}b=1`))[0]).toContain(
      "--set: expected at most 64 names in a path",
    );
    expect(refused({ source: new Array(1_000_000).fill(3) })).toEqual([
      "source (from a.yaml): expected at most 100000 entries; found 1000000",
    ]);
  });

  it("batches whose divisors nobody could try", { timeout: 5000 }, () => {
    const assignments = ["method=mae", "schedule.batchSize=999999000001", "schedule.microBatch=999999000000"];
    expect(problemsOf(() => resolveSet(...assignments))).toHaveLength(2);
  });

  it("groups that no image could be cut into", () => {
    expect(problemsOf(() => resolveSet("methodOptions.mixingRatio=1e-300"))[0]).toContain("methodOptions.mixingRatio");
  });
});

describe("parseConfig", () => {
  it("takes a configuration of a time before memory was checked", () => {
    const { run, ...rest } = resolveConfig([source]);
    const { memoryCheck, ...old } = run;
    expect(memoryCheck).toBe(true);
    expect(parseConfig({ ...rest, run: { ...old, threads: 512 } }, "config.json").run).toEqual({
      ...run,
      threads: 512,
    });
  });

  it("refuses a configuration with anything missing, instead of filling it in", () => {
    const { seed: _seed, ...rest } = resolveConfig([source]);
    expect(problemsOf(() => parseConfig(rest, "config.json"))).toEqual([
      "seed: expected a whole number of at least 0; found nothing",
    ]);
    expect(problemsOf(() => parseConfig([], "config.json"))[0]).toContain("expected a mapping");
  });
});

describe("what follows from a configuration", () => {
  it("counts patches and images a group", () => {
    const config = resolveSet("methodOptions.mixingRatio=0.125");
    expect(patchCount(config.model)).toBe(64);
    expect(groupSize(config)).toBe(8);
    expect(groupSize(resolveSet("method=mae"))).toBe(1);
  });
});
