// Training iBOT: the student's step, then the teacher and two centres follow.
import {
  createDistillation,
  type DistillationDefinition,
  type DistillationTraining,
} from "../distillation/training.js";
import type { IbotOptions } from "./options.js";
import { type IbotCentre, ibotTask } from "./task.js";

export type IbotDefinition = DistillationDefinition<IbotOptions>;
export type IbotTraining = DistillationTraining<IbotCentre>;

export function createIbotTraining(definition: IbotDefinition): Promise<IbotTraining> {
  return createDistillation("ibot", ibotTask, definition);
}
