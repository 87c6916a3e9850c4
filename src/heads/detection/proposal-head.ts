// The region proposal network: for each anchor whether there is an object, and how its box differs.
import { concat, type Tensor } from "../../graph/index.js";
import { heNormal, normal, zeros } from "../../nn/initializers.js";
import type { ParameterScope } from "../../nn/parameters.js";
import { ASPECTS } from "./anchors.js";

/** What a proposal head says of every anchor, in the order of `anchorsOf`. */
export interface ProposalMaps {
  /** Logits [batch, anchors]. */
  readonly objectness: Tensor;
  /** [batch, anchors, 4]. */
  readonly deltas: Tensor;
}

/** `convolutions` of 3 x 3 with ReLU, the same for all levels, then one linear map a place. */
export function proposalHead(scope: ParameterScope, channels: number, convolutions: number) {
  const layers = Array.from({ length: convolutions }, (_, index) => {
    const weight = scope.in(`conv.${index}`).create("weight", [channels, channels, 3, 3], heNormal);
    const bias = scope.in(`conv.${index}`).create("bias", [channels], zeros);
    return (map: Tensor) => map.convolution(weight, bias, { padding: 1 }).relu();
  });
  const perPlace = ASPECTS.length;
  const objectness = placeMap(scope.in("objectness"), channels, perPlace);
  const deltas = placeMap(scope.in("deltas"), channels, 4 * perPlace);

  return (levels: readonly Tensor[]): ProposalMaps => {
    const found = levels.map((level) => {
      const map = layers.reduce((x, layer) => layer(x), level);
      const [batch, , rows, columns] = map.shape as [number, number, number, number];
      const anchors = rows * columns * perPlace;
      return {
        objectness: objectness(map).transpose([0, 2, 3, 1]).reshape([batch, anchors]),
        deltas: deltas(map).transpose([0, 2, 3, 1]).reshape([batch, anchors, 4]),
      };
    });
    return {
      objectness: concat(
        found.map((level) => level.objectness),
        1,
      ),
      deltas: concat(
        found.map((level) => level.deltas),
        1,
      ),
    };
  };
}

/** Normal weights of deviation 0.01: training begins with nearly equal scores. */
function placeMap(scope: ParameterScope, channels: number, outputs: number) {
  const weight = scope.create("weight", [outputs, channels, 1, 1], normal(0.01));
  const bias = scope.create("bias", [outputs], zeros);
  return (map: Tensor) => map.convolution(weight, bias);
}
