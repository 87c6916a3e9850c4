// iBOT as one tensor program: teacher, student, both losses, and the metrics that tell its health.
import { concat, input } from "../../graph/index.js";
import { ParameterScope } from "../../nn/parameters.js";
import type { Normalization } from "../../nn/pixels.js";
import { type EncoderShape, patchCount } from "../../nn/presets.js";
import { scaleInputs } from "../distillation/branch-scales.js";
import { cropInputs, GLOBAL_CROPS } from "../distillation/crops.js";
import { cropTask, type DistillationTask, targetsOfTeacher, teacherScope } from "../distillation/task.js";
import { featureSpread } from "../feature-spread.js";
import { clsOf, patchesOf } from "../tokens.js";
import { ibotNetwork } from "./network.js";
import type { IbotOptions } from "./options.js";
import { patchLoss } from "./patch-loss.js";

export type IbotCentre = "cls" | "patch";

/**
 * [Zhou et al., "iBOT: Image BERT Pre-Training with Online Tokenizer", ICLR 2022].
 *
 * Inputs of a batch: its crops and the scales of drop path (see crops.ts and branch-scales.ts); `masks`, int32
 * [batch, 2, patches], 1 where a patch of a global crop is hidden from the student. The loss is that of crops and that of
 * hidden patches added.
 */
export function ibotTask(
  shape: EncoderShape,
  options: IbotOptions,
  batch: number,
  normalization: Normalization,
): DistillationTask<IbotCentre> {
  const { prototypes, studentTemperature } = options;
  const scope = new ParameterScope();
  const student = ibotNetwork(scope, shape, options);
  const teacher = ibotNetwork(teacherScope(), shape, options);
  const crops = cropInputs(shape, options, batch, normalization);
  const scales = scaleInputs(shape, options, batch);

  const ofTeacher = teacher.head(teacher.encode(crops.global)).stopGradient();
  const targetsOf = targetsOfTeacher(prototypes);
  const clsTargets = targetsOf("cls", clsOf(ofTeacher));
  const patchTargets = targetsOf("patch", patchesOf(ofTeacher));

  const patches = patchCount(shape);
  const hidden = input("masks", [batch, GLOBAL_CROPS, patches], "int32")
    .transpose([2, 1, 0])
    .reshape([patches, GLOBAL_CROPS * batch]);
  const encoded = student.encode(crops.global, {
    replace: (embedded) => student.hide(embedded, hidden.equal(1)),
    branchScales: scales.global,
  });
  const ofGlobal = student.head(encoded).div(studentTemperature);
  const clsLogits = [clsOf(ofGlobal)];
  if (crops.local) {
    const local = student.encode(crops.local, { branchScales: scales.local });
    clsLogits.push(student.head(clsOf(local)).div(studentTemperature));
  }

  const { loss: cls, ...ofCrops } = cropTask(clsTargets, concat(clsLogits, 1), batch, options);
  const patch = patchLoss(patchTargets, patchesOf(ofGlobal), hidden.cast("float32"));

  return {
    loss: cls.add(patch),
    metrics: {
      cls,
      patch,
      ...ofCrops,
      featureSpread: featureSpread(encoded),
      clsMean: clsOf(ofTeacher).mean([0, 1]),
      patchMean: patchesOf(ofTeacher).mean([0, 1]),
      usage: patchTargets.mean([0, 1]),
    },
    centres: ["cls", "patch"],
    parameters: scope.parameters,
  };
}
