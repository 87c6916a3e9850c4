// Training runs: starting, resuming, and looking at what was learnt.
export { pretrain, resume } from "./pretrain.js";
export { reconstruct } from "./reconstruct.js";
