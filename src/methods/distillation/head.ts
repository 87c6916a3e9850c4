// The projection head of DINO and iBOT: an MLP, then the cosine of its output with learned prototypes.
import type { Tensor } from "../../graph/index.js";
import { normal, zeros } from "../../nn/initializers.js";
import type { Layer } from "../../nn/layers.js";
import type { ParameterScope } from "../../nn/parameters.js";
import { unitLength } from "../feature-spread.js";
import type { DistillationOptions } from "./options.js";

export type HeadShape = Pick<DistillationOptions, "prototypes" | "headHidden" | "headBottleneck">;

/** The name, within the head's scope, of the prototypes: they stay as they are in the first epoch. */
export const PROTOTYPES = "last_layer.weight_v";

/**
 * Tokens [..., width] to cosines with the prototypes [..., prototypes]: width-hidden-hidden-bottleneck with GELU between,
 * scaled to length 1, then a linear map without bias whose rows are scaled to length 1 [DINO; iBOT].
 */
export function projectionHead(scope: ParameterScope, width: number, shape: HeadShape): Layer {
  const { headHidden, headBottleneck, prototypes } = shape;
  const layer = (name: string, inputs: number, outputs: number): Layer => {
    const weight = scope.in(name).create("weight", [outputs, inputs], normal(0.02));
    const bias = scope.in(name).create("bias", [outputs], zeros);
    return (x) => x.linear(weight, bias);
  };
  const first = layer("mlp.0", width, headHidden);
  const second = layer("mlp.2", headHidden, headHidden);
  const third = layer("mlp.4", headHidden, headBottleneck);
  const directions = scope.create(PROTOTYPES, [prototypes, headBottleneck], normal(0.02));
  return (x: Tensor) => unitLength(third(second(first(x).gelu()).gelu())).linear(unitLength(directions));
}
