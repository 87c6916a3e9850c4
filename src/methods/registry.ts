// The methods by name.
import type { z } from "zod";
import { type ModelShape, modelPresets } from "../nn/presets.js";
import { ibot } from "./ibot/method.js";
import type { ibotOptions } from "./ibot/options.js";
import { mae, type maeOptions } from "./mae.js";
import type { Method } from "./method.js";
import { mixedAe, naiveMixing } from "./mixed-ae.js";
import type { mixedAeOptions, mixingOptions } from "./mixed-ae-options.js";
import type { ReconstructionTask } from "./reconstruction-task.js";

const methods = { mae, mixing: naiveMixing, mixedae: mixedAe, ibot } as const;

/** The schema of each method's options. */
interface OptionSchemas {
  readonly mae: typeof maeOptions;
  readonly mixing: typeof mixingOptions;
  readonly mixedae: typeof mixedAeOptions;
  readonly ibot: typeof ibotOptions;
}

export type MethodName = keyof typeof methods;
export type MethodOptions<Name extends MethodName> = z.infer<OptionSchemas[Name]>;

export const methodNames = Object.keys(methods) as MethodName[];

/** The method of a configuration. */
export function methodOf({ method }: { readonly method: MethodName }): Method {
  // Options that belong to another method are refused where a configuration is read.
  return methods[method] as Method;
}

/** Those that reconstruct what they hide; iBOT has a teacher instead, see `createIbotTraining`. */
export type ReconstructingMethodName = Exclude<MethodName, "ibot">;

/** A reconstructing method's name with its options. */
export type MethodChoice = {
  readonly [Name in ReconstructingMethodName]: { readonly name: Name; readonly options: MethodOptions<Name> };
}[ReconstructingMethodName];

export function createMethod({ name, options }: MethodChoice, shape: ModelShape): ReconstructionTask {
  return methodOf({ method: name }).reconstruction!(shape, options);
}

/** The options of every method where nobody sets others, for a model that is not small. */
export const methodDefaults = Object.fromEntries(methodNames.map((name) => [name, defaultOptions(name)])) as {
  readonly [Name in MethodName]: MethodOptions<Name>;
};

function defaultOptions(method: MethodName): object {
  const { defaults, settle } = methodOf({ method });
  const options = { ...defaults("base", { batchSize: 4096 }).methodOptions };
  settle?.(options, { ...modelPresets.base });
  return options;
}
