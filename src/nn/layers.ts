// The two layers that transformers are made of: linear maps and layer normalisation.
import type { Tensor } from "../graph/index.js";
import { ones, xavierUniform, zeros } from "./initializers.js";
import type { ParameterScope } from "./parameters.js";

/** A function of a tensor whose parameters live in the scope that it was made in. */
export type Layer = (x: Tensor) => Tensor;

/** x [..., inputs] to [..., outputs]. */
export function linear(scope: ParameterScope, inputs: number, outputs: number): Layer {
  const weight = scope.create("weight", [outputs, inputs], xavierUniform);
  const bias = scope.create("bias", [outputs], zeros);
  return (x) => x.linear(weight, bias);
}

const EPSILON = 1e-6;

/** Normalises the last axis, of size `width`. */
export function layerNorm(scope: ParameterScope, width: number): Layer {
  const weight = scope.create("weight", [width], ones);
  const bias = scope.create("bias", [width], zeros);
  return (x) => x.layerNorm(weight, bias, EPSILON);
}
