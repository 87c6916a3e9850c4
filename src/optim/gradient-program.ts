// The program that a training step runs: a loss, figures to log, and the gradient of every parameter.
import { defineProgram, gradients, type Program, type Tensor } from "../graph/index.js";

/** A parameter as an optimizer sees it: an input of the program. */
export interface Trainable {
  readonly name: string;
  readonly tensor: Tensor;
  /** Whether weight decay applies. */
  readonly decay: boolean;
}

const PREFIX = "gradient/";

export function gradientName(parameter: string): string {
  return PREFIX + parameter;
}

export function isGradientName(output: string): boolean {
  return output.startsWith(PREFIX);
}

/** Outputs `loss`, the metrics under their names, and for each parameter its gradient under `gradientName`. */
export function gradientProgram(
  name: string,
  loss: Tensor,
  metrics: Readonly<Record<string, Tensor>>,
  parameters: readonly Trainable[],
): Program {
  const slopes = gradients(
    loss,
    parameters.map(({ tensor }) => tensor),
  );
  const named = parameters.map((parameter, index) => [gradientName(parameter.name), slopes[index]!] as const);
  return defineProgram(name, { loss, ...metrics, ...Object.fromEntries(named) });
}
