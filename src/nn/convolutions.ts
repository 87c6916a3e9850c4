// The layers that dense heads are made of: convolution, normalisation and ReLU in one, and doubling a map's size.
import type { Tensor } from "../graph/index.js";
import type { ChannelNorms } from "./channel-norms.js";
import { heNormal, zeros } from "./initializers.js";
import type { Layer } from "./layers.js";
import type { ParameterScope } from "./parameters.js";

/** Maps to twice the rows and columns: a transposed convolution whose kernel, 2 x 2, is its stride. */
export function doubling(scope: ParameterScope, inputs: number, outputs: number): Layer {
  const weight = scope.create("weight", [inputs, outputs, 2, 2], heNormal);
  const bias = scope.create("bias", [outputs], zeros);
  return (x) => x.transposedConvolution(weight, bias, { stride: 2 });
}

/** Convolution without bias, normalisation, ReLU: `conv` and `norm` in the scope. */
export function convolutionUnit(
  scope: ParameterScope,
  norms: ChannelNorms,
  inputs: number,
  outputs: number,
  kernel: number,
): Layer {
  const weight = scope.in("conv").create("weight", [outputs, inputs, kernel, kernel], heNormal);
  const normalize = norms.layer(scope.in("norm"), outputs);
  return (x: Tensor) => normalize(x.convolution(weight, undefined, { padding: (kernel - 1) / 2 })).relu();
}
