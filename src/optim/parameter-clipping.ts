// Clipping the gradient of each parameter by a norm of its own, as self-distillation does.

import { type CompileOptions, compile, type Executable, type FlatLayout } from "../engine/index.js";
import { defineProgram, input, type Program } from "../graph/index.js";

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

/** Compiles the clipping of the gradients in a flat buffer, each parameter's to the norm `limit`. */
export async function parameterClipping<Key>(
  layout: FlatLayout<Key>,
  gradients: Float32Array,
  limit: number,
  engine: CompileOptions,
): Promise<ParameterClipping> {
  const scale = new Float32Array(1);
  const views = layout.views(gradients);
  // Parameters of one size share a program.
  const compiled = new Map<number, Executable>();
  for (const { size } of layout.entries) {
    if (!compiled.has(size)) compiled.set(size, await compile(clipProgram(size, limit), engine));
  }
  const bindings = layout.entries.map(({ name, size }) =>
    compiled.get(size)!.bind({ gradient: views[name]!, scale }, { clipped: views[name]! }),
  );
  return {
    async clip(gradientScale) {
      scale[0] = gradientScale;
      for (const binding of bindings) await binding.run();
    },
  };
}
