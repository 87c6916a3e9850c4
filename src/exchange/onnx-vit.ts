// A vision transformer as an ONNX graph that anyone can run: standard operators, any batch, everything baked in.

import type { OnnxInitializer, OnnxModel, OnnxNode } from "../graph/onnx-model.js";
import type { Pooling } from "../heads/features.js";
import { patchCount } from "../nn/presets.js";
import type { PretrainedModel } from "../training/pretrained.js";
import { tokenPositions } from "./forward.js";

type Model = Pick<PretrainedModel, "shape" | "normalization" | "tensors">;

/** `pixel_values` [batch, 3, imageSize, imageSize], RGB from 0 to 1, to `last_hidden_state` and `embedding`. */
export function onnxEncoder(model: Model, pool: Pooling): Pick<OnnxModel, "nodes" | "initializers"> {
  const graph = new GraphWriter(model);
  let x = graph.embed("pixel_values");
  for (let index = 0; index < model.shape.depth; index++) x = graph.block(`blocks.${index}`, x);
  graph.layerNorm("norm", x, "last_hidden_state");
  graph.pool(pool, "last_hidden_state", "embedding");
  return graph;
}

/** Weights of the file in bytes, before it is made. */
export function onnxBytes({ tensors }: Pick<Model, "tensors">): number {
  return [...tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
}

class GraphWriter {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxInitializer[] = [];

  constructor(private readonly model: Model) {}

  /** Patches, their positions and CLS: [batch, 1 + patches, width]. */
  embed(pixels: string): string {
    const { patchSize, width } = this.model.shape;
    const patches = patchCount(this.model.shape);
    const { weight, bias } = this.#normalizingConvolution();
    const map = this.#add(
      "Conv",
      "patch_embed",
      [
        pixels,
        this.#floats("patch_embed.proj.weight", weight, [width, 3, patchSize, patchSize]),
        this.#floats("patch_embed.proj.bias", bias, [width]),
      ],
      { kernel_shape: [patchSize, patchSize], strides: [patchSize, patchSize] },
    );
    const flat = this.#add("Reshape", "patch_embed.flat", [
      map,
      this.#integers("patch_embed.shape", [0, width, patches]),
    ]);
    const tokens = this.#add("Transpose", "patch_embed.tokens", [flat], { perm: [0, 2, 1] });
    // A row of zeros stands in front, so that one addition brings positions and CLS for any batch.
    const padded = this.#add("Pad", "patch_embed.padded", [
      tokens,
      this.#integers("patch_embed.pads", [0, 1, 0, 0, 0, 0]),
    ]);
    const { positions, clsToken } = tokenPositions(this.model.tensors, width);
    const table = new Float32Array(clsToken.length + positions.length);
    table.set(clsToken);
    table.set(positions, clsToken.length);
    return this.#add("Add", "embeddings", [padded, this.#floats("pos_embed", table, [1, 1 + patches, width])]);
  }

  /** w (x - mean) / std + b is a convolution of x itself: nothing is padded, so that it is exact. */
  #normalizingConvolution(): { weight: Float32Array; bias: Float32Array } {
    const { patchSize, width } = this.model.shape;
    const { mean, std } = this.model.normalization;
    const weight = this.#weight("patch_embed.proj.weight").slice();
    const bias = this.#weight("patch_embed.proj.bias").slice();
    const area = patchSize ** 2;
    for (let out = 0; out < width; out++) {
      let shift = 0;
      for (let channel = 0; channel < 3; channel++) {
        for (let i = 0; i < area; i++) {
          const place = (out * 3 + channel) * area + i;
          const scaled = weight[place]! / std[channel]!;
          shift += scaled * mean[channel]!;
          weight[place] = scaled;
        }
      }
      bias[out] = bias[out]! - shift;
    }
    return { weight, bias };
  }

  block(name: string, x: string): string {
    const attended = this.#add("Add", `${name}.attended`, [
      x,
      this.#attention(name, this.layerNorm(`${name}.norm1`, x)),
    ]);
    const { width, mlpRatio } = this.model.shape;
    const normed = this.layerNorm(`${name}.norm2`, attended);
    const hidden = this.#gelu(`${name}.mlp.act`, this.#linear(`${name}.mlp.fc1`, normed, width, width * mlpRatio));
    return this.#add("Add", `${name}.output`, [
      attended,
      this.#linear(`${name}.mlp.fc2`, hidden, width * mlpRatio, width),
    ]);
  }

  layerNorm(name: string, x: string, output = name): string {
    const { width } = this.model.shape;
    const [weight, bias] = ["weight", "bias"].map((kind) => {
      return this.#floats(`${name}.${kind}`, this.#weight(`${name}.${kind}`), [width]);
    });
    return this.#add("LayerNormalization", output, [x, weight!, bias!], { axis: -1, epsilon: { float: 1e-6 } });
  }

  #attention(name: string, x: string): string {
    const { width, heads } = this.model.shape;
    const size = width / heads;
    const shape = this.#integers("attention.shape", [0, 0, heads, size]);
    const weight = this.#weight(`${name}.attn.qkv.weight`);
    const bias = this.#weight(`${name}.attn.qkv.bias`);
    const [q, k, v] = (["query", "key", "value"] as const).map((part, index) => {
      const third = (values: Float32Array) =>
        values.slice((index * values.length) / 3, ((index + 1) * values.length) / 3);
      // The scale of the logits goes into the queries once and for all.
      const scale = part === "query" ? 1 / Math.sqrt(size) : 1;
      const parts = [third(weight), third(bias)].map((values) =>
        scale === 1 ? values : values.map((each) => each * scale),
      );
      const projected = this.#affine(`${name}.attn.${part}`, x, parts[0]!, parts[1]!, width, width);
      const split = this.#add("Reshape", `${name}.attn.${part}.heads`, [projected, shape]);
      return this.#add("Transpose", `${name}.attn.${part}.each`, [split], {
        perm: part === "key" ? [0, 2, 3, 1] : [0, 2, 1, 3],
      });
    }) as [string, string, string];
    const logits = this.#add("MatMul", `${name}.attn.logits`, [q, k]);
    const shares = this.#add("Softmax", `${name}.attn.shares`, [logits], { axis: -1 });
    const mixed = this.#add("MatMul", `${name}.attn.mixed`, [shares, v]);
    const together = this.#add("Transpose", `${name}.attn.together`, [mixed], { perm: [0, 2, 1, 3] });
    const flat = this.#add("Reshape", `${name}.attn.flat`, [together, this.#integers("tokens.shape", [0, 0, width])]);
    return this.#linear(`${name}.attn.proj`, flat, width, width);
  }

  #linear(name: string, x: string, inputs: number, outputs: number): string {
    return this.#affine(name, x, this.#weight(`${name}.weight`), this.#weight(`${name}.bias`), inputs, outputs);
  }

  /** Weights lie [outputs, inputs] in checkpoints and [inputs, outputs] here. */
  #affine(name: string, x: string, weight: Float32Array, bias: Float32Array, inputs: number, outputs: number): string {
    const turned = new Float32Array(weight.length);
    for (let row = 0; row < outputs; row++) {
      for (let column = 0; column < inputs; column++) turned[column * outputs + row] = weight[row * inputs + column]!;
    }
    const product = this.#add("MatMul", `${name}.product`, [
      x,
      this.#floats(`${name}.weight`, turned, [inputs, outputs]),
    ]);
    return this.#add("Add", name, [product, this.#floats(`${name}.bias`, bias, [outputs])]);
  }

  /** x (1 + erf(x / sqrt 2)) / 2, in the form that runtimes recognise and fuse. */
  #gelu(name: string, x: string): string {
    const scaled = this.#add("Div", `${name}.scaled`, [x, this.#floats("sqrt2", Float32Array.of(Math.SQRT2), [])]);
    const error = this.#add("Erf", `${name}.erf`, [scaled]);
    const shifted = this.#add("Add", `${name}.shifted`, [error, this.#floats("one", Float32Array.of(1), [])]);
    const product = this.#add("Mul", `${name}.product`, [x, shifted]);
    return this.#add("Mul", name, [product, this.#floats("half", Float32Array.of(0.5), [])]);
  }

  pool(pool: Pooling, tokens: string, output: string): void {
    if (pool === "cls") {
      const first = this.#add("Gather", "cls", [tokens, this.#scalar("cls.index", 0)], { axis: 1 });
      this.#add("Identity", output, [first]);
      return;
    }
    const bounds = [1, Number.MAX_SAFE_INTEGER, 1].map((value, index) => this.#integers(`pool.${index}`, [value]));
    const patches = this.#add("Slice", "patch_tokens", [tokens, ...bounds]);
    this.#add("ReduceMean", output, [patches], { axes: [1], keepdims: 0 });
  }

  #weight(name: string): Float32Array {
    return this.model.tensors.get(name)!.data;
  }

  #add(type: string, output: string, inputs: readonly string[], attributes: OnnxNode["attributes"] = {}): string {
    this.nodes.push({ type, domain: "", inputs, outputs: [output], attributes });
    return output;
  }

  #floats(name: string, data: Float32Array, shape: readonly number[]): string {
    return this.#initializer({ name, dtype: "float32", shape, bytes: bytesOf(data) });
  }

  #integers(name: string, values: readonly number[]): string {
    return this.#initializer({
      name,
      dtype: "int64",
      shape: [values.length],
      bytes: bytesOf(BigInt64Array.from(values, BigInt)),
    });
  }

  #scalar(name: string, value: number): string {
    return this.#initializer({ name, dtype: "int64", shape: [], bytes: bytesOf(BigInt64Array.of(BigInt(value))) });
  }

  /** Constants that several blocks share are stored once. */
  #initializer(initializer: OnnxInitializer): string {
    const name = `${initializer.name}:constant`;
    if (!this.initializers.some((each) => each.name === name)) this.initializers.push({ ...initializer, name });
    return name;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
