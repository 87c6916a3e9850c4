// Clipping the gradient of each parameter by a norm of its own, as self-distillation does.

import type { DeviceArrays, Engine } from "../engine/index.js";
import { defineProgram, input, type Program } from "../graph/index.js";
import { compiledBySize } from "./parts.js";

export interface ParameterClipping {
  /**
   * Scales down, in place, each parameter's gradient whose norm is above the limit.
   * gradientScale: what the gradients will be multiplied by afterwards; the limit applies to the product.
   */
  clip(gradientScale: number): Promise<void>;
}

/** g / max(1, (|s g| + 1e-6) / limit), with the 1e-6 of PyTorch's clip_grad_norm_. */
function clipProgram(size: number, limit: number): Program {
  const gradient = input("gradient", [size]);
  const row = gradient.reshape([1, size]);
  const norm = row
    .matmul(row.transpose([1, 0]))
    .reshape([1])
    .sqrt()
    .mul(input("scale", [1]));
  return defineProgram("clip", { clipped: gradient.div(norm.add(1e-6).div(limit).maximum(1)) });
}

/** Compiles the clipping of gradients in place, each parameter's to the norm `limit`. */
export async function parameterClipping<Group>(
  engine: Engine,
  gradients: DeviceArrays<Group>,
  limit: number,
): Promise<ParameterClipping> {
  const scale = new Float32Array(1);
  const compiled = compiledBySize(engine, (size) => clipProgram(size, limit));
  const bindings = await Promise.all(
    Object.values(gradients.byName).map(async (gradient) =>
      (await compiled(gradient.length)).bind({ gradient, scale }, { clipped: gradient }),
    ),
  );
  return {
    async clip(gradientScale) {
      scale[0] = gradientScale;
      for (const binding of bindings) await binding.run();
    },
  };
}
