// Matrix products, single and batched, with transposed operands read in place.

import type { DType } from "../dtypes.js";
import { ProgramError } from "../errors.js";
import type { Lowering } from "../lowering.js";
import { broadcastShapes, formatShape, type Shape, sameShape, sizeOf } from "../shape.js";
import { applyOne, type Operation, type Tensor, type TensorType } from "../tensor.js";
import { isFloat } from "./compare.js";
import { sumTo } from "./elementwise.js";
import { transposedFrom } from "./layout.js";

/** What is done with a product in the same operation. */
export interface MatmulOptions {
  /** A tensor of shape [n] or [m, n] added to a product of two matrices. */
  readonly addend?: Tensor;
  /** A factor on the product, at no cost. */
  readonly scale?: number;
}

/** How a stored operand becomes the matrix (or batch of matrices) that is multiplied. */
interface OperandLayout {
  /** The last two axes are swapped. */
  readonly transposed: boolean;
  /** Stored as [rows, ...batch, columns] instead of [...batch, rows, columns]. */
  readonly rowsFirst: boolean;
}

interface MatmulAttributes {
  readonly left: OperandLayout;
  readonly right: OperandLayout;
  readonly scale: number;
}

function effectiveShape(shape: Shape, { transposed, rowsFirst }: OperandLayout): number[] {
  const rank = shape.length;
  const rows = shape[rowsFirst ? 0 : rank - 2]!;
  const columns = shape[rank - 1]!;
  const batch = rowsFirst ? shape.slice(1, -1) : shape.slice(0, -2);
  return [...batch, ...(transposed ? [columns, rows] : [rows, columns])];
}

const matmulOperation: Operation<MatmulAttributes> = {
  name: "matmul",
  type: (inputs, attributes) => {
    const [left, right, addend] = inputs as [TensorType, TensorType, TensorType?];
    if (inputs.some(({ dtype }) => dtype !== left.dtype || !isFloat(dtype))) {
      throw new ProgramError("all operands must be of one floating dtype");
    }
    const [a, b] = [effectiveShape(left.shape, attributes.left), effectiveShape(right.shape, attributes.right)];
    const [m, k, n] = [a.at(-2)!, a.at(-1)!, b.at(-1)!];
    if (k !== b.at(-2)) {
      throw new ProgramError(
        `inner sizes differ: ${formatShape(a)} has ${k} columns, ${formatShape(b)} ${b.at(-2)} rows`,
      );
    }
    const shape = [...broadcastShapes(a.slice(0, -2), b.slice(0, -2)), m, n];
    if (addend !== undefined) {
      const fits = shape.length === 2 && [formatShape([n]), formatShape(shape)].includes(formatShape(addend.shape));
      if (!fits) throw new ProgramError(`the addend of ${formatShape(shape)} must be ${formatShape([n])} or as large`);
    }
    return [{ shape, dtype: left.dtype }];
  },
  gradient: ({ inputs, attributes: { left, right, scale } }, [g]) => {
    const [a, b, addend] = inputs as [Tensor, Tensor, Tensor?];
    const { operand: d, layout } = readInPlace(g!);
    const toLeft = left.transposed
      ? product(b, right, d, flipped(layout), scale)
      : product(d, layout, b, flipped(right), scale);
    const toRight = right.transposed
      ? product(d, flipped(layout), a, left, scale)
      : product(a, flipped(left), d, layout, scale);
    return [
      storedAs(toLeft, left, a),
      storedAs(toRight, right, b),
      ...(addend === undefined ? [] : [sumTo(g!, addend)]),
    ];
  },
  lower: (lowering, { inputs, outputs, attributes }, names) => {
    const { dtype, rank } = outputs[0]!;
    if (rank === 2) return [lowerGemm(lowering, attributes, names, dtype)];
    if (lowering.kernels.contributed.includes("FusedMatMul") && dtype === "float32" && isFusible(inputs, attributes)) {
      return [lowerFused(lowering, attributes, names)];
    }
    return [lowerPlain(lowering, attributes, inputs, names, dtype)];
  },
};

const PLAIN: OperandLayout = { transposed: false, rowsFirst: false };

function flipped(layout: OperandLayout): OperandLayout {
  return { ...layout, transposed: !layout.transposed };
}

function product(a: Tensor, left: OperandLayout, b: Tensor, right: OperandLayout, scale: number): Tensor {
  return applyOne(matmulOperation, [a, b], { left, right, scale });
}

/** Brings the gradient of an operand from [...batch, rows, columns] to the order in which the operand is stored. */
function storedAs(gradient: Tensor, { rowsFirst }: OperandLayout, operand: Tensor): Tensor {
  if (!rowsFirst) return sumTo(gradient, operand);
  const { rank } = operand;
  const batchAxes = Array.from({ length: rank - 2 }, (_, axis) => axis);
  const shape = effectiveShape(operand.shape, { transposed: false, rowsFirst });
  return sumTo(gradient, { shape }).transpose([rank - 2, ...batchAxes, rank - 1]);
}

function lowerGemm(lowering: Lowering, attributes: MatmulAttributes, names: readonly string[], dtype: DType): string {
  const { left, right, scale } = attributes;
  if (dtype === "float64" && Math.fround(scale) !== scale) {
    // An attribute is a float32 whatever the operands are.
    const product = lowerGemm(lowering, { ...attributes, scale: 1 }, names.slice(0, 2), dtype);
    const scaled = lowering.emit("Mul", [product, lowering.scalar(scale, dtype)]);
    return names.length === 2 ? scaled : lowering.emit("Add", [scaled, names[2]!]);
  }
  const plain = !left.transposed && !right.transposed && scale === 1 && names.length === 2;
  if (plain) return lowering.emit("MatMul", names);
  const flags = { transA: Number(left.transposed), transB: Number(right.transposed) };
  return lowering.emit("Gemm", names, { attributes: { ...flags, alpha: { float: scale } } });
}

/** With rows outermost, `FusedMatMul` does not stretch batch axes. */
function isFusible(inputs: readonly Tensor[], { left, right }: MatmulAttributes): boolean {
  const [a, b] = [effectiveShape(inputs[0]!.shape, left), effectiveShape(inputs[1]!.shape, right)];
  return !(left.rowsFirst || right.rowsFirst) || sameShape(a.slice(0, -2), b.slice(0, -2));
}

/** ONNX Runtime's product reads operands in any of the stored orders without a copy. */
function lowerFused(lowering: Lowering, { left, right, scale }: MatmulAttributes, names: readonly string[]): string {
  return lowering.emit("FusedMatMul", names, {
    contributed: true,
    attributes: {
      transA: Number(left.transposed),
      transB: Number(right.transposed),
      transBatchA: Number(left.rowsFirst),
      transBatchB: Number(right.rowsFirst),
      alpha: { float: scale },
    },
  });
}

function lowerPlain(
  lowering: Lowering,
  { left, right, scale }: MatmulAttributes,
  inputs: readonly Tensor[],
  names: readonly string[],
  dtype: DType,
): string {
  const operands = [left, right].map((layout, index) => {
    const order = storageOrder(inputs[index]!.rank, layout);
    const isPlain = order.every((axis, position) => axis === position);
    return isPlain ? names[index]! : lowering.emit("Transpose", [names[index]!], { attributes: { perm: order } });
  });
  const result = lowering.emit("MatMul", operands);
  return scale === 1 ? result : lowering.emit("Mul", [result, lowering.scalar(scale, dtype)]);
}

function storageOrder(rank: number, { transposed, rowsFirst }: OperandLayout): number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  const rows = rowsFirst ? axes.shift()! : axes.splice(rank - 2, 1)[0]!;
  const columns = axes.pop()!;
  return [...axes, ...(transposed ? [columns, rows] : [rows, columns])];
}

/** An operand that is only a transposed view is read as it is stored. */
function readInPlace(x: Tensor): { operand: Tensor; layout: OperandLayout } {
  const view = transposedFrom(x);
  if (view !== undefined) {
    for (const transposed of [false, true]) {
      for (const rowsFirst of x.rank > 2 ? [false, true] : [false]) {
        const layout = { transposed, rowsFirst };
        if (storageOrder(x.rank, layout).every((axis, i) => axis === view.order[i])) {
          return { operand: view.source, layout };
        }
      }
    }
  }
  return { operand: x, layout: PLAIN };
}

/**
 * The product over the last two axes of a [..., m, k] and b [..., k, n], the leading ones broadcast: [..., m, n].
 * Where b is a single matrix, all leading axes of a are rows of one product.
 */
export function matmul(a: Tensor, b: Tensor, { addend, scale = 1 }: MatmulOptions = {}): Tensor {
  if (a.rank < 2 || b.rank < 2) {
    throw new ProgramError(`matmul: takes tensors of two or more axes; operands: ${a}, ${b}`);
  }
  if (a.rank > 2 && b.rank === 2) {
    const rows = matmul(a.reshape([-1, a.shape.at(-1)!]), b, { scale, ...(addend && { addend }) });
    return rows.reshape([...a.shape.slice(0, -1), b.shape[1]!]);
  }
  const [left, right] = [readInPlace(a), readInPlace(b)];
  return applyOne(matmulOperation, [left.operand, right.operand, ...(addend ? [addend] : [])], {
    left: left.layout,
    right: right.layout,
    scale,
  });
}

/** x [..., k] times the transposed weight [n, k], plus bias [n]: [..., n]. */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  return matmul(x, weight.transpose([1, 0]), bias ? { addend: bias } : {});
}

/** The sizes of a product: `batch` products of an [m, k] with a [k, n] matrix. */
export interface ProductSizes {
  readonly batch: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/** The sizes of a node that is a matrix product; `undefined` for any other node. */
export function productSizes(node: Tensor["node"]): ProductSizes | undefined {
  if (node.operation !== (matmulOperation as Operation)) return undefined;
  const { shape } = node.outputs[0]!;
  const [m, n] = shape.slice(-2) as [number, number];
  const k = effectiveShape(node.inputs[0]!.shape, (node.attributes as MatmulAttributes).left).at(-1)!;
  return { batch: sizeOf(shape) / (m * n), m, k, n };
}
