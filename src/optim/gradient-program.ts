// The program that a training step runs: a loss, metrics to log, and the gradient of every parameter.
import {
  defineProgram,
  type GradientOptions,
  gradients,
  type Program,
  ProgramError,
  sizeOf,
  type Tensor,
} from "../graph/index.js";

/** A parameter as an optimizer sees it: an input of the program. */
export interface Trainable {
  readonly name: string;
  readonly tensor: Tensor;
  /** Whether weight decay applies. */
  readonly decay: boolean;
  /** Multiplies the learning rate; 1 by default. */
  readonly learningRateScale?: number;
  /** How many first steps of the run leave it as it is; 0 by default. */
  readonly frozenSteps?: number;
}

const PREFIX = "gradient/";

export function gradientName(parameter: string): string {
  return PREFIX + parameter;
}

export function isGradientName(output: string): boolean {
  return output.startsWith(PREFIX);
}

/**
 * Outputs `loss`, the metrics under their names, and for each parameter its gradient under `gradientName`.
 * Throws ProgramError for a parameter that the loss does not depend on.
 */
export function gradientProgram(
  name: string,
  loss: Tensor,
  metrics: Readonly<Record<string, Tensor>>,
  parameters: readonly Trainable[],
  options?: GradientOptions,
): Program {
  const slopes = gradients(
    loss,
    parameters.map(({ tensor }) => tensor),
    options,
  );
  const named = parameters.map((parameter, index) => [gradientName(parameter.name), slopes[index]!] as const);
  const program = defineProgram(name, { loss, ...metrics, ...Object.fromEntries(named) });
  const unused = parameters.find((parameter) => !program.inputs.has(parameter.name));
  if (unused) throw new ProgramError(`${name}: the loss does not depend on the parameter ${unused.tensor}`);
  return program;
}

/** The values of a program's outputs that are no gradients. */
export function metricCount({ outputs }: Program): number {
  return [...outputs].reduce((sum, [output, { shape }]) => (isGradientName(output) ? sum : sum + sizeOf(shape)), 0);
}
