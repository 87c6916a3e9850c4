// What a new run starts from in place of initial values: the weights of a run or of a file, as far as its model has them.

import { crc32 } from "node:zlib";
import type { ConfigLayer, PretrainConfig } from "../config/config.js";
import { ConfigError } from "../config/errors.js";
import { mergeLayers } from "../config/layers.js";
import { checksumText } from "../files/checksum.js";
import { formatShape } from "../graph/index.js";
import { methodOf } from "../methods/registry.js";
import { encoderPositions, type GivenPositions } from "../nn/positions.js";
import {
  channelsOf,
  type EncoderShape,
  type ModelPreset,
  modelPresetNames,
  modelPresets,
  patchGrid,
} from "../nn/presets.js";
import { isSameGrid, resampleGrid } from "../nn/resample-positions.js";
import { UnsuitableCheckpointError } from "./errors.js";
import type { WeightsHappening } from "./events.js";
import type { Warn } from "./newest-checkpoint.js";
import { loadPretrained, modelTensorShapes, type PretrainedModel, type WeightTensor } from "./pretrained.js";

/** Weights to start from, with what tells them apart from others. */
export interface StartWeights {
  readonly path: string;
  readonly fingerprint: string;
  readonly model: PretrainedModel;
}

/** What a run of some configuration takes of them. */
export interface TakenWeights {
  /** By the names of the parameters, of their shapes. */
  readonly tensors: ReadonlyMap<string, Float32Array>;
  readonly positions: GivenPositions;
  /** What the run's config.json says of them. */
  readonly identity: { readonly path: string; readonly fingerprint: string };
  readonly report: Omit<WeightsHappening, "type">;
}

/**
 * Reads the weights that a configuration names. Throws ConfigError where config.json knows their fingerprint and they are
 * others now, and the errors of `loadPretrained`.
 */
export async function openStartWeights(
  weights: NonNullable<PretrainConfig["weights"]>,
  warn?: Warn,
): Promise<StartWeights> {
  const { path, fingerprint: wanted } = typeof weights === "string" ? { path: weights } : { ...weights };
  const model = await loadPretrained(path, { warn });
  const fingerprint = fingerprintOf(model);
  if (wanted !== undefined && wanted !== fingerprint) {
    throw new ConfigError([
      `weights: expected those with the fingerprint ${wanted} in ${path}; found ${fingerprint}: they have changed. ` +
        "Restore them, or set weights to the path alone",
    ]);
  }
  return { path, fingerprint, model };
}

/** Over every tensor, decoder included. */
function fingerprintOf({ tensors }: PretrainedModel): string {
  let sum = 0;
  for (const name of [...tensors.keys()].sort()) {
    const { shape, data } = tensors.get(name)!;
    sum = crc32(`${name}${formatShape(shape)}`, sum);
    sum = crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), sum);
  }
  return checksumText(sum);
}

/**
 * Where layers of a configuration name weights to start from: the same layers above one that says what model the weights
 * are of, and how their images were normalised, so that nobody has to. Throws the errors of `loadPretrained`.
 */
export async function withWeightsLayer(layers: readonly ConfigLayer[], warn?: Warn): Promise<readonly ConfigLayer[]> {
  const { weights, model: given } = mergeLayers(layers).values;
  const path = typeof weights === "object" && weights !== null && "path" in weights ? weights.path : weights;
  if (typeof path !== "string" || path === "") return layers;
  const model = await loadPretrained(path, { warn });
  const channels = typeof given === "object" && given !== null && "channels" in given ? given.channels : undefined;
  return [weightsLayer(model, (channels ?? channelsOf(model.shape)) === channelsOf(model.shape)), ...layers];
}

/** Without how the images were normalised where the model is one of other channels, which is refused when they are taken. */
function weightsLayer(
  { shape, decoder, normalization, background, origin }: PretrainedModel,
  fitsChannels: boolean,
): ConfigLayer {
  const { imageSize, patchSize, width, depth, heads, mlpRatio } = shape;
  const { mean, std } = normalization;
  const sizes = { imageSize, patchSize, channels: channelsOf(shape), width, depth, heads, mlpRatio };
  const model = { preset: nearestPreset(shape), ...sizes, ...decoder };
  return {
    origin: `the weights in ${origin}`,
    values: { model, ...(fitsChannels && { data: { mean, std, background } }) },
  };
}

/** The smallest that is at least as wide and as deep: schedule and micro-batch follow from it. */
function nearestPreset({ width, depth }: PretrainedModel["shape"]): ModelPreset {
  return (
    modelPresetNames.find((name) => modelPresets[name].width >= width && modelPresets[name].depth >= depth) ?? "huge"
  );
}

/**
 * The tensors that go into a run: its encoder must be that of the weights, but for the size of images, for which positions
 * are resampled. A decoder of another shape is left out as a whole. Throws ConfigError with a sentence for each key of the
 * model that does not fit.
 */
export function takeWeights(config: PretrainConfig, { path, fingerprint, model }: StartWeights): TakenWeights {
  const misfits = encoderMisfits(config, model);
  if (misfits.length > 0) throw new ConfigError(misfits);
  const { hasDecoder, pretext } = methodOf(config);
  const takesDecoder = hasDecoder && fitsDecoder(config, model);
  const decoderNames = (shape: Parameters<typeof modelTensorShapes>[0]) => {
    const encoder = modelTensorShapes({ ...shape, decoder: undefined });
    return new Set([...modelTensorShapes(shape).keys()].filter((name) => !encoder.has(name)));
  };
  const theirs = decoderNames(model);
  const ours = decoderNames({ shape: config.model, decoder: hasDecoder ? config.model : undefined });

  const tensors = new Map<string, Float32Array>();
  const [matched, initialised]: [string[], string[]] = [[], []];
  for (const { name, tensor } of pretext(config, config.schedule.microBatch).parameters) {
    const found = model.tensors.get(name);
    const isOfDecoder = ours.has(name);
    const isMeant = isOfDecoder === theirs.has(name) && (!isOfDecoder || takesDecoder);
    if (found !== undefined && isMeant && formatShape(found.shape) === formatShape(tensor.shape)) {
      tensors.set(name, name === "cls_token" ? withClsPosition(found, model) : found.data);
      matched.push(name);
    } else initialised.push(name);
  }
  const { positions, names, resized } = takePositions(config, model, takesDecoder);
  const taken = new Set([...matched, ...names]);
  return {
    tensors,
    positions,
    identity: { path, fingerprint },
    report: {
      path,
      fingerprint,
      matched: [...matched, ...names.filter((name) => !resized.includes(name))],
      resized,
      initialised,
      leftOut: [...model.tensors.keys()].filter((name) => !taken.has(name)),
    },
  };
}

function encoderMisfits({ model }: PretrainConfig, weights: PretrainedModel): string[] {
  const keys = ["patchSize", "channels", "width", "depth", "heads", "mlpRatio"] as const;
  const sizeOf = (shape: EncoderShape, key: (typeof keys)[number]) =>
    key === "channels" ? channelsOf(shape) : shape[key];
  return keys.flatMap((key) => {
    const [wanted, found] = [sizeOf(weights.shape, key), sizeOf(model, key)];
    if (found === wanted) return [];
    return [
      `model.${key}: expected ${wanted}, as in the weights of ${weights.origin}; found ${found}. Set it to ${wanted}, or ` +
        "take other weights",
    ];
  });
}

/** Whether a decoder is of the same shape, and gives CLS no position: the decoder here has none. */
function fitsDecoder({ model }: PretrainConfig, { decoder, tensors }: PretrainedModel): boolean {
  if (decoder === undefined) return false;
  const { decoderWidth, decoderDepth, decoderHeads } = decoder;
  const isSame =
    model.decoderWidth === decoderWidth && model.decoderDepth === decoderDepth && model.decoderHeads === decoderHeads;
  const row = tensors.get("decoder_pos_embed")!.data.subarray(0, decoderWidth);
  return isSame && row.every((value) => value === 0);
}

/** Weights of other methods may give CLS a position; added to its token, it computes the same. */
function withClsPosition({ data }: WeightTensor, { tensors }: PretrainedModel): Float32Array {
  const positions = tensors.get("pos_embed")!.data;
  return data.map((value, channel) => value + positions[channel]!);
}

function takePositions({ model }: PretrainConfig, weights: PretrainedModel, takesDecoder: boolean) {
  const [from, to] = [patchGrid(weights.shape), patchGrid(model)];
  const isSame = isSameGrid(from, to);
  const names = takesDecoder ? ["pos_embed", "decoder_pos_embed"] : ["pos_embed"];
  const grid = (name: string) => {
    const { shape, data } = weights.tensors.get(name)!;
    const width = shape[2]!;
    const cells = data.subarray(width);
    return isSame ? cells : resampleGrid(cells, from, to, width);
  };
  const positions: GivenPositions = {
    encoder: grid("pos_embed"),
    ...(takesDecoder && { decoder: grid("decoder_pos_embed") }),
  };
  return { positions, names, resized: isSame ? [] : names };
}

/**
 * A configuration as its programs are built: the model of a run that started from weights has the positions in its
 * checkpoints. Throws UnsuitableCheckpointError where there are none.
 */
export function withPositions(
  config: PretrainConfig,
  { path, tensors }: { readonly path: string; readonly tensors: ReadonlyMap<string, { readonly data: unknown }> },
): PretrainConfig {
  if (config.weights === null) return config;
  const { model } = config;
  const grid = (name: string, width: number) => {
    const data = tensors.get(name)?.data;
    const size = encoderPositions({ ...model, width, positions: undefined }).length + width;
    if (data instanceof Float32Array && data.length === size) return data.subarray(width);
    throw new UnsuitableCheckpointError(path, `expected ${name} to be F32 with ${size} values`);
  };
  return givenPositions(config, {
    encoder: grid("pos_embed", model.width),
    ...(methodOf(config).hasDecoder && { decoder: grid("decoder_pos_embed", model.decoderWidth) }),
  });
}

/** The configuration with these positions in its model; as it is where there are none. */
export function givenPositions(config: PretrainConfig, positions: GivenPositions | undefined): PretrainConfig {
  if (positions === undefined) return config;
  return { ...config, model: { ...config.model, positions } };
}
