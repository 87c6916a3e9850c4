// Training iBOT: the student's step, then the teacher and two centres follow.
import {
  createDistillation,
  type DistillationDefinition,
  type DistillationTraining,
} from "../distillation/training.js";
import type { IbotOptions } from "./options.js";
import { type IbotCentre, ibotTask } from "./task.js";

/** What an iBOT training is compiled from. */
export type IbotDefinition = DistillationDefinition<IbotOptions>;
/** A compiled iBOT training: student, teacher and centres. */
export type IbotTraining = DistillationTraining<IbotCentre>;

/** Compiles it. Write the first weights of the student, then call `startTeacher`. Throws EngineError. */
export function createIbotTraining(definition: IbotDefinition): Promise<IbotTraining> {
  return createDistillation("ibot", ibotTask, definition);
}
