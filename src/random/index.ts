// Counter-based random numbers: every draw is a function of (seed, stream, epoch, index).

export { drawBeta } from "./beta.js";
export { philoxBlock } from "./philox.js";
export { type RandomStream, randomStream } from "./random-stream.js";
export { stepsBefore } from "./step-number.js";
