// The engines by device: those that are there, one that a program adds, and what is refused.
import { describe, expect, test } from "vitest";
import { resolveConfig } from "#src/config/config.js";
import {
  compile,
  type EngineDefinition,
  EngineError,
  engineDefinitions,
  openEngine,
  registerEngine,
} from "#src/engine/index.js";
import { defineProgram, input } from "#src/graph/index.js";

const configWith = (device: string) =>
  resolveConfig([{ origin: "--set", values: { source: "photos", run: { device } } }]);

describe("engines", () => {
  test("there are those of ONNX Runtime", () => {
    expect(engineDefinitions().map(({ device, inMainMemory }) => [device, inMainMemory])).toEqual([
      ["cpu", true],
      ["webgpu", false],
    ]);
    expect(openEngine().device).toBe("cpu");
    expect(openEngine({ device: "webgpu" }).device).toBe("webgpu");
  });

  test("an unknown device is refused, and those that are known are named", () => {
    expect(() => openEngine({ device: "tpu" })).toThrow(EngineError);
    expect(() => openEngine({ device: "tpu" })).toThrow('expected a device with an engine (cpu, webgpu); found "tpu"');
    expect(() => configWith("tpu")).toThrow(/run\.device.*expected one of cpu, webgpu; found "tpu"/);
  });

  test("a program may register one of its own, under a free name", async () => {
    const abacus: EngineDefinition = {
      device: "abacus",
      inMainMemory: true,
      open: (options) => openEngine({ ...options, device: "cpu" }),
      check: async () => "beads are there",
      remedy: "Buy one",
    };
    registerEngine(abacus);
    const double = defineProgram("double", { twice: input("x", [1]).mul(2) });
    const executable = await compile(double, { device: "abacus", threads: 1 });
    expect(await executable.run({ x: Float32Array.of(4) })).toEqual({ twice: Float32Array.of(8) });
    expect(configWith("abacus").run.device).toBe("abacus");
    expect(() => registerEngine(abacus)).toThrow("expected a device without an engine; found abacus twice");
  });
});
