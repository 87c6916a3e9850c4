// Convolutions of a training step, beside the engine's own forward convolution of the same maps.

import { openEngine } from "#src/engine/index.js";
import { countMultiplyAdds, defineProgram, gradients, input, type Tensor } from "#src/graph/index.js";
import { median } from "./measure.js";

export interface ConvolutionReport {
  readonly name: string;
  /** GFLOP/s of the forward convolution, the gradient of the maps and that of the weight. */
  readonly forward: number;
  readonly toMaps: number;
  readonly toWeight: number;
  /** The two gradients' speed as a share of the forward convolution's. */
  readonly backwardShare: number;
}

interface Case {
  readonly name: string;
  readonly maps: readonly [batch: number, channels: number, rows: number, columns: number];
  readonly outputs: number;
  readonly kernel: number;
}

/** Those of dense heads: of small ones at work on a CPU, and of the literature's. */
const cases: readonly Case[] = [
  { name: "3x3, 64 to 64, 16 maps of 32 x 32", maps: [16, 64, 32, 32], outputs: 64, kernel: 3 },
  { name: "3x3, 256 to 64, 16 maps of 64 x 64", maps: [16, 256, 64, 64], outputs: 64, kernel: 3 },
  { name: "3x3, 256 to 256, 2 maps of 64 x 64", maps: [2, 256, 64, 64], outputs: 256, kernel: 3 },
  { name: "3x3, 512 to 512, 1 map of 128 x 128", maps: [1, 512, 128, 128], outputs: 512, kernel: 3 },
  { name: "1x1, 256 to 256, 2 maps of 64 x 64", maps: [2, 256, 64, 64], outputs: 256, kernel: 1 },
];

/** All in one run, a round of each after the other, so that what disturbs the machine disturbs all alike. */
export async function benchConvolutions({ threads, rounds }: { readonly threads: number; readonly rounds: number }) {
  const engine = openEngine({ threads });
  const reports: ConvolutionReport[] = [];
  for (const { name, maps, outputs, kernel } of cases) {
    const x = input("x", maps);
    const weight = input("weight", [outputs, maps[1], kernel, kernel]);
    const y = x.convolution(weight, undefined, { padding: (kernel - 1) / 2 });
    const slope = input("slope", y.shape);
    const [toMaps, toWeight] = gradients(y.mul(slope).sum(), [x, weight]) as [Tensor, Tensor];
    const flops = (2 * countMultiplyAdds(defineProgram("forward", { y }))) / 1e9;
    const parts = { forward: y, toMaps, toWeight };
    const runs = await Promise.all(
      Object.entries(parts).map(async ([part, tensor]) => {
        const program = defineProgram(part, { result: tensor });
        const executable = await engine.compile(program);
        const given = Object.fromEntries(
          [...program.inputs].map(([input, { shape }]) => [
            input,
            Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i)),
          ]),
        );
        return {
          part,
          times: [] as number[],
          run: executable.bind(given, { result: new Float32Array(tensor.size) }).run,
        };
      }),
    );
    for (let round = -1; round < rounds; round++) {
      for (const { times, run } of runs) {
        const began = performance.now();
        await run();
        if (round >= 0) times.push((performance.now() - began) / 1000);
      }
    }
    const [forward, mapsSeconds, weightSeconds] = runs.map(({ times }) => median(times)) as [number, number, number];
    reports.push({
      name,
      forward: Math.round(flops / forward),
      toMaps: Math.round(flops / mapsSeconds),
      toWeight: Math.round(flops / weightSeconds),
      backwardShare: Number(((2 * forward) / (mapsSeconds + weightSeconds)).toFixed(2)),
    });
  }
  return reports;
}
