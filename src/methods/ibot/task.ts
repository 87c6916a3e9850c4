// iBOT as one tensor program: teacher, student, both losses, and the figures that tell its health.
import { concat, input, type Tensor } from "../../graph/index.js";
import { type Parameter, ParameterScope } from "../../nn/parameters.js";
import { type Normalization, normalizePixels } from "../../nn/pixels.js";
import { type EncoderShape, patchCount } from "../../nn/presets.js";
import { featureSpread } from "../feature-spread.js";
import { clsLoss, meanEntropy, patchLoss, teacherTargets } from "./losses.js";
import { ibotNetwork } from "./network.js";
import type { IbotOptions } from "./options.js";

/** Before the names of the teacher's weights, in programs and in checkpoints. */
export const TEACHER = "teacher.";

export interface IbotTask {
  /** The scalar to minimise: the two losses added. */
  readonly loss: Tensor;
  /**
   * `cls` and `patch` (the losses), `teacherEntropy`, `divergence` (of the student from the teacher, over crops) and
   * `featureSpread`, all scalars; `clsMean` and `patchMean` [prototypes], the teacher's mean outputs, for the centres;
   * `usage` [prototypes], the mean of what it says of patches.
   */
  readonly metrics: Readonly<Record<string, Tensor>>;
  /** The student's parameters. */
  readonly parameters: readonly Parameter[];
}

export const viewName = (kind: "global" | "local", index: number) => `${kind}/${index}`;

/**
 * [Zhou et al., "iBOT: Image BERT Pre-Training with Online Tokenizer", ICLR 2022].
 *
 * Inputs of a batch: uint8 crops [batch, size, size, 3] for `global/0`, `global/1`, `local/0`, ...; `masks`, int32
 * [batch, 2, patches], 1 where a patch of a global crop is hidden from the student; with drop path `branchScales`
 * [batch, 2 + local crops, depth, 2]. Held inputs: the teacher's weights under `teacher.`, the centres [prototypes] and
 * the teacher's temperatures [1]. All crops of one size go through the network together, those of a view side by side.
 */
export function ibotTask(
  shape: EncoderShape,
  options: IbotOptions,
  batch: number,
  normalization: Normalization,
): IbotTask {
  const { localCrops, localSize, prototypes, studentTemperature, dropPath } = options;
  const { imageSize, depth } = shape;
  const patches = patchCount(shape);
  const crops = (kind: "global" | "local", count: number, size: number) =>
    normalizePixels(
      concat(
        Array.from({ length: count }, (_, index) => input(viewName(kind, index), [batch, size, size, 3], "uint8")),
        0,
      ),
      normalization,
    );
  const vector = (name: string) => input(name, [prototypes]);
  const scalar = (name: string) => input(name, [1]);

  const scope = new ParameterScope();
  const student = ibotNetwork(scope, shape, options);
  const teacher = ibotNetwork(new ParameterScope().in(TEACHER.slice(0, -1)), shape, options);
  const globalCrops = crops("global", 2, imageSize);

  const teacherOutputs = teacher.head(teacher.encode(globalCrops)).stopGradient();
  const [teacherCls, teacherPatches] = [teacherOutputs.slice(0, 0, 1), teacherOutputs.slice(0, 1)];
  const clsTargets = teacherTargets(teacherCls, vector("clsCentre"), scalar("clsTemperature"));
  const patchTargets = teacherTargets(teacherPatches, vector("patchCentre"), scalar("patchTemperature"));

  const hidden = input("masks", [batch, 2, patches], "int32")
    .transpose([2, 1, 0])
    .reshape([patches, 2 * batch]);
  const scales =
    dropPath > 0
      ? input("branchScales", [batch, 2 + localCrops, depth, 2])
          .transpose([1, 0, 2, 3])
          .reshape([(2 + localCrops) * batch, depth, 2])
      : undefined;
  const encoded = student.encode(globalCrops, {
    hidden: hidden.equal(1),
    branchScales: scales?.slice(0, 0, 2 * batch),
  });
  const outputs = student.head(encoded).div(studentTemperature);
  const cls = [outputs.slice(0, 0, 1)];
  if (localCrops > 0) {
    const local = student.encode(crops("local", localCrops, localSize), { branchScales: scales?.slice(0, 2 * batch) });
    cls.push(student.head(local.slice(0, 0, 1)).div(studentTemperature));
  }
  const clsLogits = concat(cls, 1).reshape([2 + localCrops, batch, prototypes]);
  const ofCrops = clsLoss(clsTargets.reshape([2, batch, prototypes]), clsLogits);
  const ofPatches = patchLoss(patchTargets, outputs.slice(0, 1), hidden.cast("float32"));
  const teacherEntropy = meanEntropy(clsTargets);

  return {
    loss: ofCrops.add(ofPatches),
    metrics: {
      cls: ofCrops,
      patch: ofPatches,
      teacherEntropy,
      divergence: ofCrops.sub(teacherEntropy),
      featureSpread: featureSpread(encoded),
      clsMean: teacherCls.mean([0, 1]),
      patchMean: teacherPatches.mean([0, 1]),
      usage: patchTargets.mean([0, 1]),
    },
    parameters: scope.parameters,
  };
}
