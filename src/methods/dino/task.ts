// DINO as one tensor program: teacher, student, the loss of crops, and the metrics that tell its health.
import { concat } from "../../graph/index.js";
import { ParameterScope } from "../../nn/parameters.js";
import type { Normalization } from "../../nn/pixels.js";
import type { EncoderShape } from "../../nn/presets.js";
import { scaleInputs } from "../distillation/branch-scales.js";
import { cropEncoder } from "../distillation/crop-encoder.js";
import { cropInputs } from "../distillation/crops.js";
import { projectionHead } from "../distillation/head.js";
import { cropTask, type DistillationTask, targetsOfTeacher, teacherScope } from "../distillation/task.js";
import { featureSpread } from "../feature-spread.js";
import { clsOf } from "../tokens.js";
import type { DinoOptions } from "./options.js";

/**
 * [Caron et al., "Emerging Properties in Self-Supervised Vision Transformers", ICCV 2021].
 *
 * Inputs of a batch: its crops and the scales of drop path (see crops.ts and branch-scales.ts). Patch tokens take no part
 * in the loss.
 */
export function dinoTask(
  shape: EncoderShape,
  options: DinoOptions,
  batch: number,
  normalization: Normalization,
): DistillationTask<"cls"> {
  const { prototypes, studentTemperature } = options;
  const network = (scope: ParameterScope) => ({
    encode: cropEncoder(scope, shape),
    head: projectionHead(scope.in("head"), shape.width, options),
  });
  const scope = new ParameterScope();
  const student = network(scope);
  const teacher = network(teacherScope());
  const crops = cropInputs(shape, options, batch, normalization);
  const scales = scaleInputs(shape, options, batch);

  const ofTeacher = teacher.head(clsOf(teacher.encode(crops.global))).stopGradient();
  const targets = targetsOfTeacher(prototypes)("cls", ofTeacher);

  const encoded = student.encode(crops.global, { branchScales: scales.global });
  const cls = [clsOf(encoded)];
  if (crops.local) cls.push(clsOf(student.encode(crops.local, { branchScales: scales.local })));
  const logits = student.head(concat(cls, 1)).div(studentTemperature);
  const { loss, ...ofCrops } = cropTask(targets, logits, batch, options);

  return {
    loss,
    metrics: {
      cls: loss,
      ...ofCrops,
      featureSpread: featureSpread(encoded),
      clsMean: ofTeacher.mean([0, 1]),
      usage: targets.mean([0, 1]),
    },
    centres: ["cls"],
    parameters: scope.parameters,
  };
}
