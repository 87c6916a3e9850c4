// The methods by name. Open: a program may register further ones.
import { type ModelShape, modelPresets } from "../nn/presets.js";
import { dino } from "./dino/method.js";
import { ibot } from "./ibot/method.js";
import { mae } from "./mae.js";
import type { Method } from "./method.js";
import { mixedAe, naiveMixing } from "./mixed-ae.js";
import type { ReconstructionTask } from "./reconstruction-task.js";
import type { RegisteredMethods } from "./registered-methods.js";
import { simmim } from "./simmim.js";

const ofThisPackage = {
  mae,
  mixing: naiveMixing,
  mixedae: mixedAe,
  ibot,
  simmim,
  dino,
} satisfies RegisteredMethods;

/** Names of the methods. */
export type MethodName = keyof RegisteredMethods;
/** The options of a method, by its name. */
export type MethodOptions<Name extends MethodName> =
  RegisteredMethods[Name] extends Method<infer Options> ? Options : never;

// Options that belong to another method are refused where a configuration is read.
const methods = new Map(Object.entries(ofThisPackage) as unknown as [string, Method][]);
const names = [...methods.keys()] as MethodName[];

/** The names of all methods, those that a program registers included. */
export const methodNames: readonly MethodName[] = names;

/**
 * Makes a method available under its name: to configurations, and with them to runs, studies and all that reads their
 * checkpoints. `RegisteredMethods` is where its type goes. Throws RangeError where the name is taken.
 */
export function registerMethod<Options extends object>(method: Method<Options>): void {
  const { name } = method;
  if (methods.has(name)) throw new RangeError(`registerMethod: expected a name that no method has; found "${name}"`);
  methods.set(name, method as unknown as Method);
  names.push(name as MethodName);
  optionsByName[name] = defaultOptions(name as MethodName);
}

/** The method of a configuration. */
export function methodOf({ method }: { readonly method: MethodName }): Method {
  return methods.get(method)!;
}

interface Reconstructs {
  /** As `ReconstructingMethod` has it, for options of any kind. */
  readonly reconstruction: (...given: never) => unknown;
}

/** Those that reconstruct what they hide. */
export type ReconstructingMethodName = {
  readonly [Name in MethodName]: RegisteredMethods[Name] extends Reconstructs ? Name : never;
}[MethodName];

/** A reconstructing method's name with its options. */
export type MethodChoice = {
  readonly [Name in ReconstructingMethodName]: { readonly name: Name; readonly options: MethodOptions<Name> };
}[ReconstructingMethodName];

/** The pretext task of a method that reconstructs, with these options, for a model of this shape. */
export function createMethod({ name, options }: MethodChoice, shape: ModelShape): ReconstructionTask {
  return methodOf({ method: name }).reconstruction!(shape, options);
}

const optionsByName: Record<string, object> = Object.fromEntries(names.map((name) => [name, defaultOptions(name)]));

/** The options of every method where nobody sets others, for a model that is not small. */
export const methodDefaults = optionsByName as { readonly [Name in MethodName]: MethodOptions<Name> };

function defaultOptions(method: MethodName): object {
  const { defaults, settle } = methodOf({ method });
  const options = { ...defaults("base", { batchSize: 4096, channels: 3 }).methodOptions };
  settle?.(options, { ...modelPresets.base });
  return options;
}
