// Moving the entries of an axis: every n-th of them, the same with gaps of zeros, zeros around, and backwards.
import { ProgramError } from "../errors.js";
import { applyOne, constant, type Operation, type Tensor } from "../tensor.js";
import { concat, expand } from "./layout.js";

/** Entries `start`, `start + step`, ... of an axis, `count` of them. */
interface Places {
  readonly axis: number;
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

function endOf({ start, step, count }: Places): number {
  return start + (count - 1) * step + 1;
}

const stridedOperation: Operation<Places> = {
  name: "strided",
  type: ([x], places) => {
    const size = x!.shape[places.axis]!;
    if (endOf(places) > size) {
      throw new ProgramError(
        `${places.count} entries, ${places.step} apart from ${places.start}, leave axis of ${size}`,
      );
    }
    return [{ shape: x!.shape.map((extent, i) => (i === places.axis ? places.count : extent)), dtype: x!.dtype }];
  },
  gradient: ({ inputs, attributes }, [g]) => {
    const { axis, start, step } = attributes;
    return [spread(g!, axis, start, step, inputs[0]!.shape[axis]!)];
  },
  lower: (lowering, { attributes }, [x]) => {
    const { axis, start, step } = attributes;
    const parts = [start, endOf(attributes), axis, step].map((value) => lowering.integers([value]));
    return [lowering.emit("Slice", [x!, ...parts])];
  },
};

/** Every `step`-th entry along an axis, `count` of them from `start` on. */
export function strided(x: Tensor, axis: number, start: number, step: number, count: number): Tensor {
  if (step === 1 || count === 1) return x.slice(axis, start, start + count);
  return applyOne(stridedOperation, [x], { axis, start, step, count });
}

/** The other way: entries `start`, `start + step`, ... of an axis of `size` are those of x; zero elsewhere. */
export function spread(x: Tensor, axis: number, start: number, step: number, size: number): Tensor {
  const count = x.shape[axis]!;
  const zeros = (extent: number, rank = x.rank, at = axis, shape = x.shape) =>
    expand(
      constant(0, [], x.dtype),
      Array.from({ length: rank }, (_, i) => (i === at ? extent : shape[i]!)),
    );
  let gapped = x;
  if (step > 1 && count > 1) {
    const columns = [...x.shape.slice(0, axis + 1), 1, ...x.shape.slice(axis + 1)];
    const gaps = zeros(step - 1, x.rank + 1, axis + 1, columns);
    const wide = concat([x.reshape(columns), gaps], axis + 1);
    const flat = x.shape.map((extent, i) => (i === axis ? extent * step : extent));
    gapped = wide.reshape(flat).slice(axis, 0, (count - 1) * step + 1);
  }
  const behind = size - start - gapped.shape[axis]!;
  const parts = [...(start > 0 ? [zeros(start)] : []), gapped, ...(behind > 0 ? [zeros(behind)] : [])];
  return concat(parts, axis);
}

type Pair = readonly [rows: number, columns: number];

const padOperation: Operation<Pair> = {
  name: "zeroPadded",
  type: ([x], [rows, columns]) => {
    const [batch, channels, height, width] = x!.shape as [number, number, number, number];
    return [{ shape: [batch, channels, height + 2 * rows, width + 2 * columns], dtype: x!.dtype }];
  },
  gradient: ({ inputs, attributes: [rows, columns] }, [g]) => {
    const [height, width] = inputs[0]!.shape.slice(2) as [number, number];
    return [g!.slice(2, rows, rows + height).slice(3, columns, columns + width)];
  },
  lower: (lowering, { attributes: [rows, columns] }, [x]) => [
    lowering.emit("Pad", [x!, lowering.integers([0, 0, rows, columns, 0, 0, rows, columns])]),
  ],
};

/** Zeros on all sides of maps [batch, channels, rows, columns]. */
export function zeroPadded(x: Tensor, [rows, columns]: Pair): Tensor {
  return rows === 0 && columns === 0 ? x : applyOne(padOperation, [x], [rows, columns]);
}

const flipOperation: Operation<null> = {
  name: "flipped",
  type: ([x]) => [x!],
  gradient: (_, [g]) => [flipped(g!)],
  lower: (lowering, { inputs }, [x]) => {
    const [rows, columns] = inputs[0]!.shape.slice(2) as [number, number];
    const backwards = (size: number) => lowering.integers(Array.from({ length: size }, (_, i) => size - 1 - i));
    const byRow = lowering.emit("Gather", [x!, backwards(rows)], { attributes: { axis: 2 } });
    return [lowering.emit("Gather", [byRow, backwards(columns)], { attributes: { axis: 3 } })];
  },
};

/** A kernel [outputs, inputs, rows, columns] turned by half a turn. */
export function flipped(kernel: Tensor): Tensor {
  return applyOne(flipOperation, [kernel], null);
}
