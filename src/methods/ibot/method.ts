// iBOT as a method [Zhou et al., "iBOT: Image BERT Pre-Training with Online Tokenizer", ICLR 2022].
import { distillationMethod } from "../distillation/method.js";
import { drawIbotInputs } from "./draws.js";
import { ibotHealthLines, ibotHealthMetrics, ibotMetrics, ibotWarnings } from "./health.js";
import { ibotDefaults, ibotMicroDefaults, ibotNanoDefaults, ibotOptions } from "./options.js";
import { ibotTask } from "./task.js";

export const ibot = distillationMethod({
  name: "ibot",
  title: "iBOT",
  options: ibotOptions,
  metrics: ibotMetrics,
  // An image is a dozen crops that all of the encoder sees, not a quarter of one.
  imageCost: 8,
  defaultOptions: { nano: ibotNanoDefaults, micro: ibotMicroDefaults, others: ibotDefaults },
  // 10 of 400 epochs.
  recipe: { scale: [0.25, 1], epochs: 400, warmupShare: 0.025 },
  task: ibotTask,
  draw: ({ model, methodOptions }, images, position) => ({ ...drawIbotInputs(model, methodOptions, images, position) }),
  health: ibotHealthMetrics,
  healthLines: ibotHealthLines,
  warnings: ibotWarnings,
});
