// The methods by name, each made from the model's shape and its own options.
import type { ModelShape } from "../nn/presets.js";
import { type MaeOptions, mae } from "./mae.js";
import type { Method } from "./method.js";
import { type MixedAeOptions, type MixingOptions, mixedAe, naiveMixing } from "./mixed-ae.js";

/** A method's name with its options. */
export type MethodChoice =
  | { readonly name: "mae"; readonly options: MaeOptions }
  | { readonly name: "mixing"; readonly options: MixingOptions }
  | { readonly name: "mixedae"; readonly options: MixedAeOptions };

export function createMethod(choice: MethodChoice, shape: ModelShape): Method {
  switch (choice.name) {
    case "mae":
      return mae(shape, choice.options);
    case "mixing":
      return naiveMixing(shape, choice.options);
    case "mixedae":
      return mixedAe(shape, choice.options);
  }
}
