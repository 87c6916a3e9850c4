// A small computation for every operation of a program, on which a device is tried.
import {
  concat,
  constant,
  defineProgram,
  gradients,
  input,
  type Operand,
  type Program,
  patchConvolution,
  patchify,
  regionAlign,
  type Shape,
  type Tensor,
} from "../graph/index.js";

interface OperationCase {
  /** Shapes of the inputs, all float32. */
  readonly inputs: readonly Shape[];
  readonly compute: Compute;
  /** The same in other words, where the CPU has no kernel of the operation for double precision. */
  readonly exactly?: Compute;
}

type Compute = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

const GRID: Shape = [6, 8];
const BATCH: Shape = [2, 3, 5, 8];
const MAPS: Shape = [2, 4, 8, 8];
const EPSILON = 1e-5;

const unary = (compute: (x: Tensor) => Tensor): OperationCase => ({ inputs: [GRID], compute });
const binary = (compute: (x: Tensor, y: Tensor) => Tensor): OperationCase => ({ inputs: [GRID, [8]], compute });
/** Above zero, and away from it. */
const positive = (x: Tensor) => x.abs().add(0.5);
const numbers = (x: Tensor) => x.cast("float32");
const places = (values: readonly number[], shape: Shape = [values.length]) => constant(values, shape, "int32");

/** By the name of the operation. The gradients of all of them are part of what is computed. */
export const operationCases: Readonly<Record<string, OperationCase>> = {
  add: binary((x, y) => x.add(y)),
  sub: binary((x, y) => x.sub(y)),
  mul: binary((x, y) => x.mul(y)),
  div: binary((x, y) => x.div(positive(y))),
  maximum: binary((x, y) => x.maximum(y)),
  relu: unary((x) => x.relu()),
  neg: unary((x) => x.neg()),
  exp: unary((x) => x.exp()),
  log: unary((x) => positive(x).log()),
  sqrt: unary((x) => positive(x).sqrt()),
  abs: unary((x) => x.abs()),
  tanh: unary((x) => x.tanh()),
  sigmoid: unary((x) => x.sigmoid()),
  erf: unary((x) => x.erf()),
  gelu: unary((x) => x.gelu()),
  less: binary((x, y) => numbers(x.less(y))),
  greaterOrEqual: binary((x, y) => numbers(x.greaterOrEqual(y))),
  equal: unary((x) => numbers(x.equal(x.relu()))),
  and: binary((x, y) => numbers(x.less(0).and(y.less(0)))),
  or: binary((x, y) => numbers(x.less(0).or(y.less(0)))),
  not: unary((x) => numbers(x.less(0).not())),
  select: binary((x, y) => x.less(0).select(x.mul(2), y)),
  cast: unary((x) => numbers(x.mul(4).cast("int32"))),
  reshape: unary((x) => x.reshape([4, -1])),
  transpose: unary((x) => x.transpose([1, 0])),
  expand: { inputs: [[6, 1]], compute: (x) => x.expand([2, 6, 8]) },
  slice: unary((x) => x.slice(1, 2, 7)),
  split: { inputs: [GRID], compute: (x) => x.split(2, 1) },
  concat: { inputs: [GRID, GRID], compute: (x, y) => concat([x, y], 0) },
  stopGradient: unary((x) => x.stopGradient().mul(x)),
  sum: { inputs: [BATCH], compute: (x) => [x.sum(), x.sum([1, 3])] },
  mean: { inputs: [BATCH], compute: (x) => [x.mean(), x.mean([0, 2], { keepDims: true })] },
  max: { inputs: [BATCH], compute: (x) => [x.max(), x.max([-1])] },
  min: { inputs: [BATCH], compute: (x) => [x.min(), x.min([1])] },
  logSumExp: unary((x) => x.logSumExp(1)),
  softmax: { inputs: [BATCH], compute: (x) => [x.softmax(), x.softmax(x.less(-1))] },
  layerNorm: { inputs: [BATCH, [8], [8]], compute: (x, weight, bias) => x.layerNorm(weight, bias, EPSILON) },
  matmul: {
    inputs: [
      [64, 48],
      [48, 40],
      [2, 3, 24, 16],
      [2, 3, 24, 16],
    ],
    compute: (x, y, queries, keys) => [x.matmul(y, { scale: 0.5 }), queries.matmul(keys.transpose([0, 1, 3, 2]))],
  },
  linear: { inputs: [[2, 30, 48], [24, 48], [24]], compute: (x, weight, bias) => x.linear(weight, bias) },
  gather: unary((x) => x.gather(places([5, 0, 0, 3]))),
  gatherAlong: {
    inputs: [[3, 4]],
    compute: (x) => x.gatherAlong(places([0, 3, 3, 1, 2, 0], [3, 2]), 1),
  },
  oneHot: { inputs: [[4, 5]], compute: (weight) => places([3, 0, 2]).oneHot(4).matmul(weight) },
  topK: unary((x) => x.topK(3).values.sum([-1])),
  convolution: {
    inputs: [MAPS, [6, 4, 3, 3], [6]],
    compute: (x, weight, bias) => x.convolution(weight, bias, { stride: 2, padding: 1 }),
    exactly: convolutionByGather,
  },
  transposedConvolution: {
    inputs: [MAPS, [4, 3, 2, 2], [3]],
    compute: (x, weight, bias) => x.transposedConvolution(weight, bias, { stride: 2 }),
    exactly: transposedConvolutionByProduct,
  },
  resizeBilinear: {
    inputs: [MAPS],
    compute: (x) => [x.resizeBilinear(13, 5), x.resizeBilinear(4, 16, { alignCorners: true })],
  },
  adaptiveMeanPool: { inputs: [MAPS], compute: (x) => x.adaptiveMeanPool(3, 2) },
  meanPool: { inputs: [MAPS], compute: (x) => x.meanPool(2) },
  maxPool: { inputs: [MAPS], compute: (x) => x.maxPool(2) },
  batchNorm: { inputs: [MAPS, [4], [4]], compute: (x, weight, bias) => x.batchNorm(weight, bias, EPSILON).normalized },
  normalizeChannels: {
    inputs: [MAPS, [4], [4], [4], [4]],
    compute: (x, mean, variance, weight, bias) => x.normalizeChannels(mean, positive(variance), weight, bias, EPSILON),
  },
  groupNorm: { inputs: [MAPS, [4], [4]], compute: (x, weight, bias) => x.groupNorm(2, weight, bias, EPSILON) },
  channelNorm: { inputs: [MAPS, [4], [4]], compute: (x, weight, bias) => x.channelNorm(weight, bias, EPSILON) },
  patchify: { inputs: [[2, 8, 8, 3]], compute: (images) => patchify(images, 4) },
  patchConvolution: {
    inputs: [[4, 2, 48], [5, 3, 4, 4], [5]],
    compute: (patches, weight, bias) => patchConvolution(patches, weight, bias),
  },
  regionAlign: {
    inputs: [MAPS],
    compute: (maps) => regionAlign(maps, constant(BOXES, [2, 2, 4]), { side: 3, scale: 0.5 }),
  },
};

/** Left, top, right and bottom edges of two regions for each of two images of 16 pixels. */
const BOXES = [1, 2, 9, 13, 0, 0, 16, 16, 3, 3, 6, 5, 4, 1, 12, 15];

/** 3 x 3 with a stride of 2 and a border of zeros, of maps [2, 4, 8, 8]. */
function convolutionByGather(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  const zeros = (shape: Shape) => constant(0, []).expand(shape);
  const wide = concat([zeros([2, 4, 8, 1]), x, zeros([2, 4, 8, 1])], 3);
  const padded = concat([zeros([2, 4, 1, 10]), wide, zeros([2, 4, 1, 10])], 2);
  const index = Array.from({ length: 16 * 9 }, (_, entry) => {
    const [place, tap] = [Math.floor(entry / 9), entry % 9];
    const row = 2 * Math.floor(place / 4) + Math.floor(tap / 3);
    return 10 * row + 2 * (place % 4) + (tap % 3);
  });
  const taps = padded.reshape([2, 4, 100]).transpose([2, 0, 1]).gather(places(index)).reshape([16, 9, 2, 4]);
  const columns = taps.transpose([2, 0, 3, 1]).reshape([2, 16, 36]);
  return columns
    .linear(weight.reshape([6, 36]), bias)
    .transpose([0, 2, 1])
    .reshape([2, 6, 4, 4]);
}

/** 2 x 2 with a stride of 2, of maps [2, 4, 8, 8]. */
function transposedConvolutionByProduct(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  const products = x
    .transpose([0, 2, 3, 1])
    .reshape([128, 4])
    .matmul(weight.reshape([4, 12]));
  const cells = products.reshape([2, 8, 8, 3, 2, 2]).transpose([0, 3, 1, 4, 2, 5]).reshape([2, 3, 16, 16]);
  return cells.add(bias.reshape([3, 1, 1]));
}

/** The results of a computation on these inputs, and the gradients of a weighted sum of them by all of the inputs. */
function withGradients(name: string, inputs: readonly Shape[], compute: Compute): Program {
  const tensors = inputs.map((shape, index) => input(`input${index}`, shape));
  const results = [compute(...tensors)].flat();
  // Weights that differ from place to place, so that no wrong gradient is lost in a sum.
  const weighted = (result: Tensor): Operand =>
    constant(
      Array.from({ length: result.size }, (_, index) => Math.cos(index)),
      result.shape,
    );
  const objective = results.map((result) => result.mul(weighted(result)).sum()).reduce((sum, term) => sum.add(term));
  const slopes = gradients(objective, tensors);
  const named = (word: string, list: readonly Tensor[]) =>
    list.map((tensor, index) => [`${word}${index}`, tensor] as const);
  return defineProgram(name, Object.fromEntries([...named("result", results), ...named("gradient", slopes)]));
}

/** What a case computes, with its gradients, and what that is to be compared with in double precision. */
export function operationPrograms(name: string, { inputs, compute, exactly = compute }: OperationCase) {
  return { program: withGradients(name, inputs, compute), reference: withGradients(name, inputs, exactly) };
}
