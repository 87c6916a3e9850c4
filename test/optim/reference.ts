// AdamW as its paper writes it, in float64, one value at a time.

export interface AdamwState {
  readonly parameters: number[];
  readonly means: number[];
  readonly squares: number[];
}

export interface AdamwSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly learningRate: number;
  readonly weightDecay: number;
}

/** Step number `step`, from 1 [Loshchilov and Hutter, ICLR 2019, algorithm 2, with the decay times the rate]. */
export function adamwReference(
  state: AdamwState,
  gradient: readonly number[],
  step: number,
  { beta1, beta2, epsilon, learningRate, weightDecay }: AdamwSettings,
): void {
  for (const [i, g] of gradient.entries()) {
    const mean = beta1 * state.means[i]! + (1 - beta1) * g;
    const square = beta2 * state.squares[i]! + (1 - beta2) * g * g;
    const direction = mean / (1 - beta1 ** step) / (Math.sqrt(square / (1 - beta2 ** step)) + epsilon);
    state.means[i] = mean;
    state.squares[i] = square;
    state.parameters[i] = state.parameters[i]! * (1 - learningRate * weightDecay) - learningRate * direction;
  }
}

/** The largest distance between two lists, relative to the largest value of the second. */
export function relativeDistance(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let [gap, scale] = [0, Number.MIN_VALUE];
  for (let index = 0; index < wanted.length; index++) {
    gap = Math.max(gap, Math.abs(found[index]! - wanted[index]!));
    scale = Math.max(scale, Math.abs(wanted[index]!));
  }
  return gap / scale;
}
