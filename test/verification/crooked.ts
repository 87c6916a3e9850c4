// A device for tests that computes as the CPU does, but for what is done to its results.
import { type EngineDefinition, openEngine, registerEngine } from "#src/engine/index.js";
import type { TypedArray } from "#src/graph/index.js";

/** Registers it; `bend` changes the results of a program in place, by the program's name. */
export function registerCrooked(device: string, bend: (program: string, results: Record<string, TypedArray>) => void) {
  const definition: EngineDefinition = {
    device,
    inMainMemory: true,
    remedy: "Nothing helps",
    check: async () => "a crooked device",
    open: (options) => {
      const cpu = openEngine(options);
      return {
        device,
        planBytes: (program) => cpu.planBytes(program),
        allocate: (tensors, spare) => cpu.allocate(tensors, spare),
        arrayBytes: (tensors) => cpu.arrayBytes(tensors),
        compile: async (program) => {
          const executable = await cpu.compile(program);
          return {
            program,
            plannedBytes: executable.plannedBytes,
            bind: (inputs, outputs) => executable.bind(inputs, outputs),
            run: async (inputs) => {
              const results = await executable.run(inputs);
              bend(program.name, results);
              return results;
            },
          };
        },
      };
    },
  };
  registerEngine(definition);
}

/** In place. */
export function multiply(values: TypedArray, factor: number): void {
  for (let index = 0; index < values.length; index++) values[index] = Number(values[index]) * factor;
}
