// Weights by name, and handing a model those that it needs.

import { EngineError } from "../engine/index.js";
import { formatShape, type Shape } from "../graph/index.js";
import type { Parameter } from "../nn/parameters.js";

/** By their official names. */
export type Weights = ReadonlyMap<string, { readonly shape: Shape; readonly data: Float32Array }>;

/** The values of each parameter; further weights are left aside. Throws EngineError where one is missing or misshapen. */
export function weightsOf(parameters: readonly Parameter[], weights: Weights): Record<string, Float32Array> {
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
