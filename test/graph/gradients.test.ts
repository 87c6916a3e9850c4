// Reverse-mode differentiation of whole programs.
import { describe, expect, test } from "vitest";
import { apply, concat, constant, gradients, input, type Operation, type Tensor } from "#src/graph/index.js";
import { checkOnCpu, operationCase } from "./check-operation.js";
import { dense, mapDense } from "./dense.js";
import { evaluate } from "./evaluate.js";

const float64 = (name: string, shape: readonly number[]) => input(name, shape, "float64");

describe("gradients", () => {
  test("have the shapes and the order of what is differentiated by", () => {
    const [a, b, c] = [input("a", [2, 3]), input("b", [3, 1]), input("c", [])];
    const slopes = gradients(a.matmul(b).mul(c).sum(), [c, a, b]);
    expect(slopes.map(({ shape }) => shape)).toEqual([[], [2, 3], [3, 1]]);
  });

  test("of a scalar by itself are one", async () => {
    const x = input("x", []);
    const y = x.exp();
    expect(await evaluate({ slope: gradients(y, [y])[0]!, same: gradients(x, [x])[0]! })).toEqual({
      slope: [1],
      same: [1],
    });
  });

  test("of a scalar of rank two keep its shape", async () => {
    const x = input("x", [1, 1]);
    const [slope] = gradients(x.mul(x), [x]);
    expect(slope!.shape).toEqual([1, 1]);
    expect(await evaluate({ slope: slope! }, { x: Float32Array.of(3) })).toEqual({ slope: [6] });
  });

  test("add up over all paths, however often a tensor is read", async () => {
    const x = dense([2, 2], [0.5, -1, 1.5, 2]);
    await checkOnCpu(
      operationCase({
        inputs: { x },
        compute: (t) => {
          const shared = t.x.exp();
          return concat([shared.mul(shared), shared.add(t.x), shared.matmul(t.x)], 0).sum([0]);
        },
        expected: (() => {
          const e = x.data.map(Math.exp);
          const [a, b, c, d] = x.data as [number, number, number, number];
          const product = [e[0]! * a + e[1]! * c, e[0]! * b + e[1]! * d, e[2]! * a + e[3]! * c, e[2]! * b + e[3]! * d];
          const column = (i: number) =>
            e[i]! ** 2 +
            e[i + 2]! ** 2 +
            e[i]! +
            x.data[i]! +
            e[i + 2]! +
            x.data[i + 2]! +
            product[i]! +
            product[i + 2]!;
          return dense([2], [column(0), column(1)]);
        })(),
      }),
    );
  });

  test("with respect to an intermediate tensor hold what it is made from fixed", async () => {
    const x = input("x", [2]);
    const hidden = x.mul(3);
    const [toHidden, toX] = gradients(hidden.mul(hidden).add(x).sum(), [hidden, x]);
    expect(await evaluate({ toHidden: toHidden!, toX: toX! }, { x: Float32Array.of(1, 2) })).toEqual({
      toHidden: [6, 12],
      toX: [19, 37],
    });
  });

  test("stop at stopGradient, on that path alone", async () => {
    const x = input("x", [2]);
    const [slope] = gradients(x.mul(x.stopGradient()).sum(), [x]);
    const [none] = gradients(x.exp().stopGradient().sum(), [x]);
    expect(await evaluate({ slope: slope!, none: none! }, { x: Float32Array.of(3, 4) })).toEqual({
      slope: [3, 4],
      none: [0, 0],
    });
  });

  test("are zeros for what the scalar does not depend on", async () => {
    const [x, unused, index] = [input("x", [2]), input("unused", [3, 1]), input("index", [2], "int32")];
    const slopes = gradients(x.gather(index).sum(), [x, unused, index]);
    expect(slopes.map(({ shape, dtype }) => ({ shape, dtype }))).toEqual([
      { shape: [2], dtype: "float32" },
      { shape: [3, 1], dtype: "float32" },
      { shape: [2], dtype: "int32" },
    ]);
    const [toX, toUnused, toIndex] = slopes as [Tensor, Tensor, Tensor];
    expect(await evaluate({ toX, toUnused, toIndex }, { x: new Float32Array(2), index: Int32Array.of(1, 1) })).toEqual({
      toX: [0, 2],
      toUnused: [0, 0, 0],
      toIndex: [0, 0],
    });
  });

  test("pass comparisons and whole numbers by", async () => {
    const x = input("x", [3]);
    const [slope] = gradients(x.less(1).cast("float32").mul(x).sum(), [x]);
    expect(await evaluate({ slope: slope! }, { x: Float32Array.of(0, 1, -5) })).toEqual({ slope: [1, 0, 1] });
  });

  test("of one output of several leave the others out", async () => {
    const x = input("x", [4]);
    const [, second] = x.split(2, 0);
    const [slope] = gradients(second!.mul(second!).sum(), [x]);
    expect(await evaluate({ slope: slope! }, { x: Float32Array.of(1, 2, 3, 4) })).toEqual({ slope: [0, 0, 6, 8] });
  });

  test("do not differentiate what does not lead to the tensors asked for", () => {
    const opaque: Operation<null> = {
      name: "opaque",
      type: ([x]) => [x!],
      gradient: () => {
        throw new Error("must not be asked");
      },
      lower: (_lowering, _node, [x]) => [x!],
    };
    const [x, y] = [input("x", [2]), input("y", [2])];
    const [other] = apply(opaque, [y], null);
    expect(() => gradients(x.mul(other!).sum(), [x])).not.toThrow();
    expect(() => gradients(x.mul(other!).sum(), [y])).toThrow("must not be asked");
  });

  test("refuse anything but a floating scalar, and name it", () => {
    const x = input("x", [2]);
    expect(() => gradients(x, [x])).toThrow(
      /^gradients: takes a floating scalar to differentiate, found float32\[2\] \("x"\)/,
    );
    expect(() => gradients(input("i", [], "int32"), [x])).toThrow(/^gradients: .*found int32\[\] \("i"\)/);
  });
});

describe("second derivatives", () => {
  const functions: Record<string, readonly [(x: Tensor) => Tensor, (x: number) => number]> = {
    cube: [(x) => x.mul(x).mul(x), (x) => 6 * x],
    exp: [(x) => x.exp(), (x) => Math.exp(x)],
    log: [(x) => x.log(), (x) => -1 / x ** 2],
    sqrt: [(x) => x.sqrt(), (x) => -0.25 * x ** -1.5],
    quotient: [(x) => constant(1, [], x.dtype).div(x), (x) => 2 / x ** 3],
    tanh: [(x) => x.tanh(), (x) => -2 * Math.tanh(x) * (1 - Math.tanh(x) ** 2)],
    erf: [(x) => x.erf(), (x) => (-4 * x * Math.exp(-x * x)) / Math.sqrt(Math.PI)],
    gelu: [(x) => x.gelu(), (x) => ((2 - x * x) * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI)],
  };
  test.each(Object.keys(functions))("of %s", async (name) => {
    const [f, expected] = functions[name]!;
    const points = [0.3, 0.7, 1.1, 2];
    const x = float64("x", [4]);
    const [first] = gradients(f(x).sum(), [x]);
    const [second] = gradients(first!.sum(), [x]);
    const { values } = await evaluate({ values: second! }, { x: Float64Array.from(points) });
    for (const [index, point] of points.entries()) expect(values[index]).toBeCloseTo(expected(point), 9);
  });

  test("of a softmax and of products, against differences of the first", async () => {
    const x = dense([2, 3], [0.1, -0.4, 0.7, 1.2, 0.3, -0.8]);
    const weight = [0.5, -1, 2];
    const softmax = (row: readonly number[]) => {
      const parts = row.map(Math.exp);
      const sum = parts.reduce((a, b) => a + b);
      return parts.map((part) => part / sum);
    };
    const first = [0, 1].flatMap((row) => {
      const y = softmax(x.data.slice(3 * row, 3 * row + 3));
      const mean = y.reduce((sum, value, i) => sum + value * weight[i]!, 0);
      return y.map((value, i) => value * (weight[i]! - mean));
    });
    await checkOnCpu(
      operationCase({
        inputs: { x },
        compute: (t) =>
          gradients(
            t.x
              .softmax()
              .mul(constant(weight, [3], t.x.dtype))
              .sum(),
            [t.x],
          ),
        expected: mapDense(dense([2, 3], first), (value) => value),
      }),
    );
  });
});
