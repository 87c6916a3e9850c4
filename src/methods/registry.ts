// The methods by name: their options, defaults, and how each is made for a model.
import type { z } from "zod";
import type { ModelShape } from "../nn/presets.js";
import { mae, maeDefaults, maeOptions } from "./mae.js";
import type { Method } from "./method.js";
import { mixedAe, mixedAeDefaults, mixedAeOptions, mixingDefaults, mixingOptions, naiveMixing } from "./mixed-ae.js";

/** The schema of each method's options, with a description of every key. */
export const methodOptionSchemas = { mae: maeOptions, mixing: mixingOptions, mixedae: mixedAeOptions } as const;

export type MethodName = keyof typeof methodOptionSchemas;
export type MethodOptions<Name extends MethodName> = z.infer<(typeof methodOptionSchemas)[Name]>;

export const methodNames = Object.keys(methodOptionSchemas) as MethodName[];

export const methodDefaults: { readonly [Name in MethodName]: MethodOptions<Name> } = {
  mae: maeDefaults,
  mixing: mixingDefaults,
  mixedae: mixedAeDefaults,
};

const create: { readonly [Name in MethodName]: (shape: ModelShape, options: MethodOptions<Name>) => Method } = {
  mae,
  mixing: naiveMixing,
  mixedae: mixedAe,
};

/** A method's name with its options. */
export type MethodChoice = {
  readonly [Name in MethodName]: { readonly name: Name; readonly options: MethodOptions<Name> };
}[MethodName];

export function createMethod(choice: MethodChoice, shape: ModelShape): Method {
  // The compiler cannot see that name and options belong together; the type of a choice guarantees it.
  const make = create[choice.name] as (shape: ModelShape, options: MethodChoice["options"]) => Method;
  return make(shape, choice.options);
}
