// Convolution and its reverse over maps [batch, channels, rows, columns], as torch.nn.functional has them.
import { ProgramError } from "../errors.js";
import { formatShape, type Shape } from "../shape.js";
import { applyOne, checkOperands, type Operation, type Tensor, type TensorType } from "../tensor.js";
import { isFloat } from "./compare.js";
import { concat } from "./layout.js";
import { flipped, spread, strided, zeroPadded } from "./spacing.js";

type Pair = readonly [rows: number, columns: number];

/** How a kernel moves over a map; one number stands for both axes. */
export interface ConvolutionOptions {
  /** Places from one position of the kernel to the next; 1 by default. */
  readonly stride?: number | Pair;
  /** Zeros before the first and behind the last row and column; none by default. */
  readonly padding?: number | Pair;
}

interface Window {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
}

const AXES = [0, 1] as const;

function pairOf(value: number | Pair): Pair {
  return typeof value === "number" ? [value, value] : value;
}

function windowOf(weight: Tensor, { stride = 1, padding = 0 }: ConvolutionOptions): Window {
  return { kernel: [weight.shape[2]!, weight.shape[3]!], stride: pairOf(stride), padding: pairOf(padding) };
}

/** Positions of a kernel each way over maps of a shape. */
function positionsOf({ shape }: TensorType, { kernel, stride, padding }: Window): Pair {
  const [rows, columns] = AXES.map((axis) => {
    const room = shape[2 + axis]! + 2 * padding[axis] - kernel[axis];
    if (room < 0) throw new ProgramError(`the kernel ${formatShape(kernel)} is larger than the padded maps`);
    return Math.floor(room / stride[axis]) + 1;
  });
  return [rows!, columns!];
}

function checkMaps(x: TensorType, weight: TensorType, channelAxis: 0 | 1, { stride, padding }: Window): void {
  if (x.shape.length !== 4 || weight.shape.length !== 4) {
    throw new ProgramError("takes maps [batch, channels, rows, columns] and a kernel of four axes");
  }
  if (x.dtype !== weight.dtype || !isFloat(x.dtype)) throw new ProgramError("both must be of one floating dtype");
  if (x.shape[1] !== weight.shape[channelAxis]) {
    throw new ProgramError(`the maps have ${x.shape[1]} channels, the kernel is for ${weight.shape[channelAxis]}`);
  }
  const isWhole = (low: number) => (value: number) => Number.isInteger(value) && value >= low;
  if (!stride.every(isWhole(1)) || !padding.every(isWhole(0))) {
    throw new ProgramError(`expected a stride from 1 and a padding from 0 on; found ${stride} and ${padding}`);
  }
}

const convolutionOperation: Operation<Window> = {
  name: "convolution",
  type: ([x, weight], window) => {
    checkMaps(x!, weight!, 1, window);
    return [{ shape: [x!.shape[0]!, weight!.shape[0]!, ...positionsOf(x!, window)], dtype: x!.dtype }];
  },
  gradient: ({ inputs, attributes }, [g]) => {
    const [x, weight] = inputs as [Tensor, Tensor];
    return [inputGradient(g!, weight, x.shape, attributes), weightGradient(x, g!, attributes)];
  },
  lower: (lowering, { attributes: { kernel, stride, padding } }, [x, weight]) => [
    lowering.emit("Conv", [x!, weight!], {
      attributes: { kernel_shape: kernel, strides: stride, pads: [...padding, ...padding] },
    }),
  ],
};

function inputGradient(g: Tensor, weight: Tensor, shape: Shape, window: Window): Tensor {
  const { kernel, stride, padding } = window;
  if (stride.every((step) => step === 1) && AXES.every((axis) => padding[axis] < kernel[axis])) {
    // With steps of one it is a convolution itself, which the engine computes faster than the reverse of one.
    const turned = flipped(weight).transpose([1, 0, 2, 3]);
    return convolution(g, turned, undefined, { padding: [kernel[0] - 1 - padding[0], kernel[1] - 1 - padding[1]] });
  }
  return applyOne(reverseOperation, [g, weight], { ...window, size: [shape[2]!, shape[3]!] });
}

/**
 * For each place of the kernel, the products of the output's gradient with what that place saw of the maps, added up:
 * products of matrices over all positions, which the engine computes far faster than a convolution with as large a kernel.
 * With steps of one, what is cut out for each place is of whichever has fewer channels.
 */
function weightGradient(x: Tensor, g: Tensor, window: Window): Tensor {
  const { kernel, stride, padding } = window;
  const [batch, outputs, rows, columns] = g.shape as [number, number, number, number];
  const [, inputs, height, width] = x.shape as [number, number, number, number];
  const steps = stride.every((step) => step === 1) && AXES.every((axis) => padding[axis] < kernel[axis]);
  if (steps && outputs < inputs) {
    // The places seen from the maps: the gradient moved the other way, the last place of the kernel first.
    const reversed = { kernel, stride, padding: [kernel[0] - 1 - padding[0], kernel[1] - 1 - padding[1]] as const };
    const moved = stacked(placesOf(g, reversed, [height, width]).reverse());
    const products = moved.matmul(x.reshape([batch, inputs, height * width]).transpose([0, 2, 1])).sum([0]);
    return products.reshape([...kernel, outputs, inputs]).transpose([2, 3, 0, 1]);
  }
  const seen = stacked(placesOf(x, window, [rows, columns]));
  const products = g
    .reshape([batch, outputs, rows * columns])
    .matmul(seen.transpose([0, 2, 1]))
    .sum([0]);
  return products.reshape([outputs, ...kernel, inputs]).transpose([0, 3, 1, 2]);
}

/** [batch, channels, positions] each, one behind the other: [batch, places * channels, positions]. */
function stacked(places: readonly Tensor[]): Tensor {
  return concat(places, 1);
}

/** What each place of the kernel sees of the maps at all positions: [batch, channels, positions], row by row. */
function placesOf(x: Tensor, { kernel, stride, padding }: Window, [rows, columns]: Pair): Tensor[] {
  const [batch, channels] = x.shape as [number, number];
  const padded = zeroPadded(x, padding);
  return Array.from({ length: kernel[0] * kernel[1] }, (_, place) => {
    const [row, column] = [Math.floor(place / kernel[1]), place % kernel[1]];
    const byRow = strided(padded, 2, row, stride[0], rows);
    return strided(byRow, 3, column, stride[1], columns).reshape([batch, channels, rows * columns]);
  });
}

/** The window of the convolution whose reverse it is, and the size of that convolution's maps. */
interface Reverse extends Window {
  readonly size: Pair;
}

const reverseOperation: Operation<Reverse> = {
  name: "transposedConvolution",
  type: ([x, weight], attributes) => {
    checkMaps(x!, weight!, 0, attributes);
    return [{ shape: [x!.shape[0]!, weight!.shape[1]!, ...attributes.size], dtype: x!.dtype }];
  },
  gradient: ({ inputs, attributes }, [g]) => {
    const [x, weight] = inputs as [Tensor, Tensor];
    const { kernel, stride, padding } = attributes;
    return [convolution(g!, weight, undefined, attributes), weightGradient(g!, x, { kernel, stride, padding })];
  },
  lower: (lowering, { inputs, attributes: { kernel, stride, padding, size } }, [x, weight]) => {
    // Rows and columns that the last position of the kernel does not reach.
    const beyond = AXES.map(
      (axis) => size[axis] - ((inputs[0]!.shape[2 + axis]! - 1) * stride[axis] - 2 * padding[axis] + kernel[axis]),
    );
    const attributes = {
      kernel_shape: kernel,
      strides: stride,
      pads: [...padding, ...padding],
      output_padding: beyond,
    };
    return [lowering.emit("ConvTranspose", [x!, weight!], { attributes })];
  },
};

function withBias(maps: Tensor, bias: Tensor | undefined): Tensor {
  return bias === undefined ? maps : maps.add(bias.reshape([bias.size, 1, 1]));
}

/**
 * Maps [batch, inputs, rows, columns] under a weight [outputs, inputs, kernel rows, kernel columns], bias [outputs] added:
 * [batch, outputs, ...], floor((size + 2 padding - kernel) / stride) + 1 positions each way.
 */
export function convolution(x: Tensor, weight: Tensor, bias?: Tensor, options: ConvolutionOptions = {}): Tensor {
  const window = windowOf(weight, options);
  const direct = () => applyOne(convolutionOperation, [x, weight], window);
  // Where the engine has no convolution, the places of the kernel are products of matrices, one after the other.
  return withBias(x.dtype === "float64" ? composed(x, weight, window) : direct(), bias);
}

function composed(x: Tensor, weight: Tensor, window: Window): Tensor {
  const positions = checkOperands("convolution", [x, weight], () => {
    checkMaps(x, weight, 1, window);
    return positionsOf(x, window);
  });
  const [outputs, inputs] = weight.shape as [number, number];
  const places = weight.reshape([outputs, inputs, -1]);
  return placesOf(x, window, positions)
    .map((seen, place) =>
      places
        .slice(2, place, place + 1)
        .reshape([outputs, inputs])
        .matmul(seen),
    )
    .reduce((sum, product) => sum.add(product))
    .reshape([x.shape[0]!, outputs, ...positions]);
}

/**
 * The reverse of a convolution in shape: each place of maps [batch, inputs, rows, columns] adds the kernel of a weight
 * [inputs, outputs, kernel rows, kernel columns] times its value: (size - 1) stride - 2 padding + kernel places each way,
 * the padding less than the kernel.
 */
export function transposedConvolution(
  x: Tensor,
  weight: Tensor,
  bias?: Tensor,
  options: ConvolutionOptions = {},
): Tensor {
  const window = windowOf(weight, options);
  const { kernel, stride, padding } = window;
  checkOperands("transposedConvolution", [x, weight], () => {
    checkMaps(x, weight, 0, window);
    if (AXES.some((axis) => padding[axis] >= kernel[axis])) {
      throw new ProgramError(`expected a padding less than the kernel ${formatShape(kernel)}; found ${padding}`);
    }
  });
  const [rows, columns] = AXES.map(
    (axis) => (x.shape[2 + axis]! - 1) * stride[axis] - 2 * padding[axis] + kernel[axis],
  ) as [number, number];
  if (x.dtype !== "float64") {
    return withBias(applyOne(reverseOperation, [x, weight], { ...window, size: [rows, columns] }), bias);
  }
  const [above, before] = [kernel[0] - 1 - padding[0], kernel[1] - 1 - padding[1]];
  const gapped = spread(
    spread(x, 2, above, stride[0], rows + kernel[0] - 1),
    3,
    before,
    stride[1],
    columns + kernel[1] - 1,
  );
  return convolution(gapped, flipped(weight).transpose([1, 0, 2, 3]), bias);
}

/** Multiply-adds of a node that is a convolution or the reverse of one; undefined for any other. */
export function convolutionMultiplyAdds({ operation, inputs, outputs }: Tensor["node"]): number | undefined {
  const isForward = operation === (convolutionOperation as Operation);
  if (!isForward && operation !== (reverseOperation as Operation)) return undefined;
  const [batch, , rows, columns] = (isForward ? outputs[0]! : inputs[0]!).shape as [number, number, number, number];
  return batch * rows * columns * inputs[1]!.size;
}
