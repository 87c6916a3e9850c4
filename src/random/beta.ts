// Draws from the gamma and beta distributions.
import type { RandomStream } from "./random-stream.js";

/** A draw from the symmetric beta distribution with both shapes `alpha` above 0; between 0 and 1. */
export function drawBeta(stream: RandomStream, alpha: number): number {
  const [a, b] = [drawGamma(stream, alpha), drawGamma(stream, alpha)];
  // With a tiny alpha both may be too small for a float: then nearly all of the mass lies at the two ends.
  return a + b > 0 ? a / (a + b) : stream.integer(2);
}

/** Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables", 2000; unit scale. */
function drawGamma(stream: RandomStream, shape: number): number {
  if (shape < 1) return drawGamma(stream, shape + 1) * (1 - stream.uniform()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const normal = stream.normal();
    const v = (1 + c * normal) ** 3;
    if (v > 0 && Math.log(1 - stream.uniform()) < 0.5 * normal ** 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}
