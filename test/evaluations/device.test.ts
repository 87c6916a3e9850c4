// On which device encoders are evaluated: that of their run, where this machine has it.
import { beforeAll, beforeEach, expect, test, vi } from "vitest";
import { type DeviceOptions, type Engine, openEngine } from "#src/engine/index.js";
import { createKnnEvaluator, evaluateKnn, evaluateReconstruction } from "#src/evaluations/index.js";
import { pretrain } from "#src/training/index.js";
import { recordOptions, tinyConfig } from "../training/tiny-run.js";
import { sharedFolder, silentProgress, writeColours } from "./tiny-sets.js";

const compiled = vi.hoisted(() => ({ devices: new Map<string, string>(), hasGpu: true }));

/** Engines that note where programs are meant to run, and run them on the CPU. */
vi.mock("#src/engine/index.js", async (original) => {
  const engines = await original<typeof import("#src/engine/index.js")>();
  const openEngine = ({ device = "cpu" }: DeviceOptions = {}): Engine => {
    const cpu = engines.openEngine({ threads: 1 });
    return {
      device,
      compile: (program) => {
        if (device === "webgpu" && !compiled.hasGpu) throw new engines.EngineError("no driver");
        compiled.devices.set(program.name, device);
        return cpu.compile(program);
      },
      planBytes: (program) => cpu.planBytes(program),
      allocate: (tensors) => cpu.allocate(tensors),
      arrayBytes: (tensors) => cpu.arrayBytes(tensors),
    };
  };
  const compile: typeof engines.compile = (program, options) => openEngine(options).compile(program);
  return { ...engines, openEngine, compile };
});

const at = sharedFolder();
const request = () => ({ from: at("run"), train: at("labelled"), test: at("labelled"), threads: 1 });

beforeAll(async () => {
  await writeColours(at("labelled"), 6);
  const config = tinyConfig(at("labelled"), "method=mae", "schedule.steps=1", "run.device=webgpu");
  await pretrain({ ...config, evaluation: { ...config.evaluation, source: at("labelled") } }, at("run"), {
    ...recordOptions(),
    createEvaluator: createKnnEvaluator,
  });
});

beforeEach(() => {
  compiled.devices.clear();
  compiled.hasGpu = true;
});

const untrained = { engine: openEngine({ device: "webgpu" }), weights: {} };

test("during pre-training, that of the run", async () => {
  const config = tinyConfig(at("labelled"), "run.device=webgpu");
  await createKnnEvaluator({ ...config, evaluation: { ...config.evaluation, source: at("labelled") } }, untrained);
  expect(compiled.devices.get("features")).toBe("webgpu");
});

test("that of the run, or the one that is asked for", async () => {
  await evaluateKnn(request(), silentProgress());
  expect(compiled.devices.get("features")).toBe("webgpu");
  await evaluateKnn({ ...request(), device: "cpu" }, silentProgress());
  expect(compiled.devices.get("features")).toBe("cpu");
  await evaluateKnn({ ...request(), from: "scratch" }, silentProgress());
  expect(compiled.devices.get("features")).toBe("cpu");
  const held = { run: at("run"), test: at("labelled"), images: 4, threads: 1 };
  await evaluateReconstruction(held, silentProgress());
  expect(compiled.devices.get("held-out reconstruction")).toBe("webgpu");
});

test("the CPU where this machine lacks it, and says so; asked for, it is an error", async () => {
  compiled.hasGpu = false;
  // Whether a device is there is tried once in a process.
  vi.resetModules();
  const { evaluateKnn: evaluate } = await import("#src/evaluations/index.js");
  const lines: string[] = [];
  await evaluate(request(), silentProgress(lines));
  expect(compiled.devices.get("features")).toBe("cpu");
  expect(lines.join("")).toContain("Trained with webgpu, which this machine lacks: the CPU evaluates.");
  await expect(evaluate({ ...request(), device: "webgpu" }, silentProgress())).rejects.toThrow("no driver");
});
