// Several processes, on one machine or many, that train together.
export { countTrue, fromFirst, gatherValues } from "./agreement.js";
export { type Communicator, oneProcess, type Summable, type SumOptions } from "./communicator.js";
export { PeerError, ProcessesError } from "./errors.js";
export { type Launch, readLaunch } from "./launch.js";
export { openProcesses } from "./open.js";
export { type BatchShare, type DividedBatch, divideBatch, shareOfRange } from "./share.js";
