// The methods by name: their options, defaults, and how each is made for a model.
import type { z } from "zod";
import type { ModelShape } from "../nn/presets.js";
import { ibotDefaults, ibotOptions } from "./ibot/options.js";
import { mae, maeDefaults, maeOptions } from "./mae.js";
import type { Method } from "./method.js";
import { mixedAe, mixedAeDefaults, mixedAeOptions, mixingDefaults, mixingOptions, naiveMixing } from "./mixed-ae.js";

/** The schema of each method's options, with a description of every key. */
export const methodOptionSchemas = {
  mae: maeOptions,
  mixing: mixingOptions,
  mixedae: mixedAeOptions,
  ibot: ibotOptions,
} as const;

export type MethodName = keyof typeof methodOptionSchemas;
/** Those that reconstruct what they hide; iBOT has a teacher instead, see `createIbotTraining`. */
export type ReconstructingMethod = Exclude<MethodName, "ibot">;
export type MethodOptions<Name extends MethodName> = z.infer<(typeof methodOptionSchemas)[Name]>;

export const methodNames = Object.keys(methodOptionSchemas) as MethodName[];

export const methodDefaults: { readonly [Name in MethodName]: MethodOptions<Name> } = {
  mae: maeDefaults,
  mixing: mixingDefaults,
  mixedae: mixedAeDefaults,
  ibot: ibotDefaults,
};

const create: { readonly [Name in ReconstructingMethod]: (shape: ModelShape, options: MethodOptions<Name>) => Method } =
  {
    mae,
    mixing: naiveMixing,
    mixedae: mixedAe,
  };

/** A reconstructing method's name with its options. */
export type MethodChoice = {
  readonly [Name in ReconstructingMethod]: { readonly name: Name; readonly options: MethodOptions<Name> };
}[ReconstructingMethod];

export function createMethod(choice: MethodChoice, shape: ModelShape): Method {
  // The compiler cannot see that name and options belong together; the type of a choice guarantees it.
  const make = create[choice.name] as (shape: ModelShape, options: MethodChoice["options"]) => Method;
  return make(shape, choice.options);
}
