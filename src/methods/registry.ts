// The methods by name.
import { type ModelShape, modelPresets } from "../nn/presets.js";
import { dino } from "./dino/method.js";
import { ibot } from "./ibot/method.js";
import { mae } from "./mae.js";
import type { Method } from "./method.js";
import { mixedAe, naiveMixing } from "./mixed-ae.js";
import type { ReconstructionTask } from "./reconstruction-task.js";
import { simmim } from "./simmim.js";

const methods = {
  mae,
  mixing: naiveMixing,
  mixedae: mixedAe,
  ibot,
  simmim,
  dino,
} as const;

type Methods = typeof methods;
/** Names of the methods. */
export type MethodName = keyof Methods;
/** The options of a method, by its name. */
export type MethodOptions<Name extends MethodName> = Methods[Name] extends Method<infer Options> ? Options : never;

/** The names of all methods. */
export const methodNames = Object.keys(methods) as MethodName[];

/** The method of a configuration. */
export function methodOf({ method }: { readonly method: MethodName }): Method {
  // Options that belong to another method are refused where a configuration is read.
  return methods[method] as Method;
}

interface Reconstructs {
  /** As `ReconstructingMethod` has it, for options of any kind. */
  readonly reconstruction: (...given: never) => unknown;
}

/** Those that reconstruct what they hide. */
export type ReconstructingMethodName = {
  readonly [Name in MethodName]: Methods[Name] extends Reconstructs ? Name : never;
}[MethodName];

/** A reconstructing method's name with its options. */
export type MethodChoice = {
  readonly [Name in ReconstructingMethodName]: { readonly name: Name; readonly options: MethodOptions<Name> };
}[ReconstructingMethodName];

/** The pretext task of a method that reconstructs, with these options, for a model of this shape. */
export function createMethod({ name, options }: MethodChoice, shape: ModelShape): ReconstructionTask {
  return methodOf({ method: name }).reconstruction!(shape, options);
}

/** The options of every method where nobody sets others, for a model that is not small. */
export const methodDefaults = Object.fromEntries(methodNames.map((name) => [name, defaultOptions(name)])) as {
  readonly [Name in MethodName]: MethodOptions<Name>;
};

function defaultOptions(method: MethodName): object {
  const { defaults, settle } = methodOf({ method });
  const options = { ...defaults("base", { batchSize: 4096, channels: 3 }).methodOptions };
  settle?.(options, { ...modelPresets.base });
  return options;
}
