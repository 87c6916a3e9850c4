// Weights by name, and handing a model those that it needs.

import { type DeviceArray, EngineError } from "../engine/index.js";
import { formatShape, type Shape } from "../graph/index.js";
import type { Parameter } from "../nn/parameters.js";

/** By their official names; the arrays of an engine are for its own programs alone. */
export type Weights<Data = Float32Array | DeviceArray> = ReadonlyMap<
  string,
  { readonly shape: Shape; readonly data: Data }
>;

/** The values of each parameter; further weights are left aside. Throws EngineError where one is missing or misshapen. */
export function weightsOf(
  parameters: readonly Parameter[],
  weights: Weights,
): Record<string, Float32Array | DeviceArray> {
  return Object.fromEntries(
    parameters.map(({ name, tensor }) => {
      const found = weights.get(name);
      if (found === undefined || formatShape(found.shape) !== formatShape(tensor.shape)) {
        const what = found === undefined ? "none" : formatShape(found.shape);
        throw new EngineError(
          `The model needs a weight ${name} of shape ${formatShape(tensor.shape)}; found ${what}. ` +
            "Take a checkpoint of a plain vision transformer of this size",
        );
      }
      return [name, found.data];
    }),
  );
}
