// Weights of other libraries as a checkpoint of ours: found, named, checked, resampled and reported key by key.

import { basename } from "node:path";
import { describeSize, type ImageSides, sizeWord } from "../data/image-size.js";
import { FormatError } from "../formats/errors.js";
import { formatShape, type Shape } from "../graph/index.js";
import { modelLimits } from "../nn/model-limits.js";
import type { Normalization } from "../nn/pixels.js";
import { sinCosPositions } from "../nn/positions.js";
import { channelsOf, type Grid, hasWholePatches, patchCount, patchGrid } from "../nn/presets.js";
import { isSameGrid, resamplePositions } from "../nn/resample-positions.js";
import { writeCheckpoint } from "../training/checkpoint-file.js";
import { describeModel, type ModelDescription, parseModelDescription } from "../training/model-description.js";
import { prepareOutputs } from "../training/outputs.js";
import { isPretrainingOnly, modelTensorShapes, type WeightTensor } from "../training/pretrained.js";
import { WeightsRequestError } from "./errors.js";
import type { ImportReport, KeyReport } from "./import-report.js";
import { inferModel, type KnownSizes, MAX_POSITIONS } from "./infer-shape.js";
import { type NamedTensor, nameTensors } from "./official-names.js";
import { openWeights, type WeightsSource, weightFiles, withPath } from "./weights-source.js";

/** What a file of weights does not say itself, or what is to be made of it. */
export interface ImportOptions {
  /** Resamples the position embeddings for images of this size. */
  readonly imageSize?: ImageSides | undefined;
  readonly heads?: number | undefined;
  readonly decoderHeads?: number | undefined;
  /** The part of a file that has several sets of weights, such as "student". */
  readonly entry?: string | undefined;
  readonly prefix?: string | undefined;
  /** Leaves the decoder out. */
  readonly encoderOnly?: boolean | undefined;
  readonly normalization?: Normalization | undefined;
  /** Whether the checkpoint may replace a file that is there already; by default that is refused. */
  readonly overwrite?: boolean | undefined;
}

export interface ImportedWeights {
  readonly report: ImportReport;
  readonly tensors: ReadonlyMap<string, WeightTensor>;
}

/** MAE, DINO and iBOT normalise with ImageNet's statistics, and so do most of timm's models. */
const IMAGE_NET: Normalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/**
 * Imports a file or folder into a checkpoint. Throws OutputError where that one's name is taken, FormatError with the
 * reason, StorageError.
 */
export async function importWeights(path: string, out: string, options: ImportOptions = {}): Promise<ImportReport> {
  const { report, tensors } = readWeights(path, options);
  await prepareOutputs([out], { overwrite: options.overwrite, inputs: weightFiles(path) });
  const entries = [...tensors].map(([name, { shape, data }]) => ({ name, dtype: "F32", shape, data }) as const);
  const metadata = { model: describeModel(report.model), importedFrom: basename(path) };
  await writeCheckpoint(out, { step: 0, tensors: entries, metadata });
  return report;
}

/** The tensors under our names, and what became of every key. Throws FormatError, StorageError. */
export function readWeights(path: string, options: ImportOptions = {}): ImportedWeights {
  const source = openWeights(path, options.entry);
  try {
    return convert(path, source, options);
  } catch (error) {
    throw withPath(error, path);
  } finally {
    source.close();
  }
}

function convert(path: string, source: WeightsSource, options: ImportOptions): ImportedWeights {
  const named = nameTensors(path, source.tensors, options.prefix);
  const own = ownDescription(path, source);
  const inferred = inferModel(path, named.tensors, knownSizes(source, own, options), options.encoderOnly === true);
  const { patchSize } = inferred.shape;
  const imageSize = options.imageSize ?? inferred.shape.imageSize;
  if (!hasWholePatches({ imageSize, patchSize })) {
    throw new WeightsRequestError(
      path,
      `expected an image size that is a multiple of the patches of ${patchSize}; found ${sizeWord(imageSize)}`,
    );
  }
  const patches = patchCount({ imageSize, patchSize });
  if (
    patches > modelLimits.patches ||
    patches * Math.max(inferred.shape.width, inferred.decoder?.decoderWidth ?? 0) > MAX_POSITIONS
  ) {
    throw new WeightsRequestError(path, `images of ${describeSize(imageSize)} have too many patches of ${patchSize}`);
  }
  const model: ModelDescription = {
    shape: { ...inferred.shape, imageSize },
    decoder: inferred.decoder,
    normalization: options.normalization ?? own?.normalization ?? source.huggingFace?.normalization ?? IMAGE_NET,
    background: own?.background ?? [255, 255, 255],
  };
  checkNormalization(path, model);
  const [from, to] = [patchGrid(inferred.shape), patchGrid(model.shape)];
  const reader = new KeyReader(path, named.tensors, from, to);
  const shapes = modelTensorShapes(model);
  for (const [name, shape] of shapes) reader.take(name, shape);
  for (const name of named.tensors.keys()) {
    if (isPretrainingOnly(name) && model.decoder !== undefined && !shapes.has(name)) reader.takeAsItIs(name);
  }
  const positions = isSameGrid(from, to)
    ? describePositions(model, reader.tensors.get("pos_embed")!)
    : `positions are resampled, from images of ${sizeWord(inferred.shape.imageSize)} to images of ${sizeWord(imageSize)}`;
  const notes = [...inferred.notes, ...notesOn(source, model, positions)];
  const { format, entry } = source;
  const { layout, prefix } = named;
  const keys = reader.report([...named.unused, ...source.otherEntries.map((key) => `${key} (an entry of the file)`)]);
  return { report: { path, format, entry, layout, prefix, model, keys, notes }, tensors: reader.tensors };
}

/** ImageNet's statistics, or whatever else is said, may be those of other channels. */
function checkNormalization(path: string, { shape, normalization }: ModelDescription): void {
  const channels = channelsOf(shape);
  const { mean, std } = normalization;
  if (mean.length === channels && std.length === channels) return;
  throw new WeightsRequestError(
    path,
    `expected a mean and a deviation for each channel of its images, which have ${channels}; found ${mean.length} and ` +
      `${std.length}. Give those that the model was trained with: --mean and --std, ${channels} numbers each`,
  );
}

function ownDescription(path: string, { description }: WeightsSource): ModelDescription | undefined {
  if (description === undefined) return undefined;
  const parsed = parseModelDescription(description);
  if (typeof parsed === "string") throw new FormatError(path, parsed);
  return parsed;
}

function knownSizes(
  { huggingFace }: WeightsSource,
  own: ModelDescription | undefined,
  { heads, decoderHeads, imageSize }: ImportOptions,
): KnownSizes {
  const origin = heads !== undefined || own !== undefined ? "" : huggingFace !== undefined ? "config.json" : "";
  return {
    heads: heads ?? own?.shape.heads ?? huggingFace?.heads,
    decoderHeads: decoderHeads ?? own?.decoder?.decoderHeads ?? huggingFace?.decoderHeads,
    origin,
    imageSizes: [own?.shape.imageSize, huggingFace?.imageSize, imageSize].filter((each) => each !== undefined),
  };
}

function notesOn(source: WeightsSource, model: ModelDescription, positions: string): string[] {
  const kinds = [...new Set([...source.tensors.values()].map(({ dtype }) => dtype))];
  const others = kinds.filter((dtype) => dtype !== "float32");
  const epsilon = source.huggingFace?.layerNormEpsilon ?? 1e-6;
  return [
    positions,
    ...(others.length === 0 ? [] : [`values of ${others.join(", ")} are stored as float32`]),
    ...(Math.abs(epsilon - 1e-6) < 1e-7 ? [] : [`layer norms add 1e-6 to the variance here, ${epsilon} there`]),
    ...(model.decoder === undefined ? ["an encoder alone: a decoder that is pre-trained with it starts anew"] : []),
  ];
}

/** Whether the positions are those that pre-training here has, as exactly as 16 bits hold them. */
function describePositions({ shape }: ModelDescription, { data }: WeightTensor): string {
  const fixed = sinCosPositions(shape.width, patchGrid(shape));
  const isFixed =
    data.subarray(0, shape.width).every((value) => value === 0) &&
    fixed.every((value, index) => Math.abs(value - data[shape.width + index]!) < 5e-3);
  return isFixed
    ? "positions are MAE's fixed sine-cosine ones"
    : "positions are not MAE's fixed ones; they are kept as they are";
}

/** Takes tensors one by one, and keeps the account of it. */
class KeyReader {
  readonly tensors = new Map<string, WeightTensor>();
  readonly #keys: KeyReport[] = [];
  readonly #taken = new Set<string>();

  constructor(
    private readonly path: string,
    private readonly source: ReadonlyMap<string, NamedTensor>,
    private readonly fromGrid: Grid,
    private readonly toGrid: Grid,
  ) {}

  take(name: string, shape: Shape): void {
    const tensor = this.source.get(name);
    if (tensor === undefined) this.#fill(name, shape);
    else if (name === "pos_embed" || name === "decoder_pos_embed") this.#takePositions(name, tensor, shape);
    else if (formatShape(tensor.shape) === formatShape(shape)) this.takeAsItIs(name);
    else this.#refuseShape(tensor, shape);
  }

  takeAsItIs(name: string): void {
    const tensor = this.source.get(name)!;
    this.#put(name, tensor.shape, tensor.read());
    this.#note(name, tensor, "matched", undefined);
  }

  /** With a row for CLS (zero where the file has none) and for the grid that is wanted. */
  #takePositions(name: string, tensor: NamedTensor, shape: Shape): void {
    const [, , width = 0] = shape;
    const cells = this.fromGrid.rows * this.fromGrid.columns;
    const rows = tensor.shape[1] ?? 0;
    if (
      tensor.shape.length !== 3 ||
      tensor.shape[0] !== 1 ||
      tensor.shape[2] !== width ||
      (rows !== cells && rows !== cells + 1)
    ) {
      this.#refuseShape(tensor, [1, cells + 1, width]);
    }
    const values = tensor.read();
    const withCls = rows === cells ? new Float32Array((cells + 1) * width) : values;
    if (rows === cells) withCls.set(values, width);
    const isSame = isSameGrid(this.fromGrid, this.toGrid);
    if (isSame) this.#put(name, shape, withCls);
    else this.#put(name, shape, resamplePositions(withCls, this.fromGrid, this.toGrid, width));
    const changes = [
      ...(rows === cells ? ["a zero row for CLS added"] : []),
      ...(isSame ? [] : [`resampled from ${gridText(this.fromGrid)} to ${gridText(this.toGrid)}`]),
    ];
    this.#note(name, tensor, changes.length > 0 ? "reshaped" : "matched", changes.join(", ") || undefined);
  }

  /** What a model may lack without being another one; all else is refused. */
  #fill(name: string, shape: Shape): void {
    if (name.endsWith(".qkv.bias")) {
      this.#put(name, shape, new Float32Array(shape[0]!));
      this.#keys.push({ key: name, status: "missing", note: "zeros, as for a model without it" });
    } else if (name === "decoder_pos_embed") {
      const [, rows = 0, width = 0] = shape;
      const values = new Float32Array(rows * width);
      values.set(sinCosPositions(width, this.toGrid), width);
      this.#put(name, shape, values);
      this.#keys.push({ key: name, status: "missing", note: "MAE's fixed sine-cosine positions" });
    } else if (name.startsWith("norm.") && this.source.has("norm.weight") === false) {
      throw new FormatError(
        this.path,
        "it has no final norm (norm.weight): a model fine-tuned on the mean of its tokens has fc_norm instead, and is not a pre-trained encoder",
      );
    } else throw new FormatError(this.path, `it has no ${name}${decoderHint(name)}`);
  }

  #refuseShape({ keys, shape }: NamedTensor, expected: Shape): never {
    throw new FormatError(
      this.path,
      `expected ${keys.join(", ")} to make the shape ${formatShape(expected)}; found ${formatShape(shape)}`,
    );
  }

  #put(name: string, shape: Shape, data: Float32Array): void {
    this.tensors.set(name, { shape, data });
  }

  #note(name: string, { keys }: NamedTensor, status: "matched" | "reshaped", change: string | undefined): void {
    for (const [index, key] of keys.entries()) {
      this.#taken.add(key);
      const part = keys.length > 1 ? `, part ${index + 1} of ${keys.length}` : "";
      const renamed = key.endsWith(name) ? [] : [`as ${name}${part}`];
      const note = [...renamed, ...(change === undefined ? [] : [change])].join("; ");
      this.#keys.push({ key, status, note: note === "" ? undefined : note });
    }
  }

  report(others: readonly string[]): KeyReport[] {
    const left = [...this.source.values()].flatMap(({ keys }) => keys).filter((key) => !this.#taken.has(key));
    return [...this.#keys, ...[...left, ...others].map((key) => ({ key, status: "unused", note: undefined }) as const)];
  }
}

function gridText({ rows, columns }: Grid): string {
  return `${rows} x ${columns}`;
}

function decoderHint(name: string): string {
  return /^(mask_token$|decoder_)/.test(name) ? ". Take --encoder-only to leave the decoder out" : "";
}
