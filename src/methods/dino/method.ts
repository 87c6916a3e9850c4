// DINO as a method [Caron et al., "Emerging Properties in Self-Supervised Vision Transformers", ICCV 2021].
import { drawCropScales } from "../distillation/branch-scales.js";
import { distillationMethod } from "../distillation/method.js";
import { dinoHealth, dinoHealthLines, dinoMetrics, dinoWarnings } from "./health.js";
import { dinoDefaults, dinoMicroDefaults, dinoNanoDefaults, dinoOptions } from "./options.js";
import { dinoTask } from "./task.js";

export const dino = distillationMethod({
  name: "dino",
  title: "DINO",
  options: dinoOptions,
  metrics: dinoMetrics,
  // Ten crops that all of the encoder sees, not a quarter of one.
  imageCost: 8,
  defaultOptions: { nano: dinoNanoDefaults, micro: dinoMicroDefaults, others: dinoDefaults },
  // 10 of 100 epochs, as in its code.
  recipe: { scale: [0.4, 1], epochs: 100, warmupShare: 0.1 },
  task: dinoTask,
  draw: ({ model, methodOptions }, images, position) => ({
    ...drawCropScales("dino-drop-path", model, methodOptions, images, position),
  }),
  health: dinoHealth,
  healthLines: dinoHealthLines,
  warnings: dinoWarnings,
});
