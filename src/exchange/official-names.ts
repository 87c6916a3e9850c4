// The tensors of a file under our names: prefixes taken off, names of other libraries translated, parts put together.

import { FormatError } from "../formats/errors.js";
import { isPretrainingOnly } from "../training/pretrained.js";
import { WeightsRequestError } from "./errors.js";
import { foreignArchitecture, huggingFaceDecoder, huggingFaceEncoder, ownName } from "./key-map.js";
import type { SourceTensor } from "./weights-source.js";

/** A tensor of ours, and the keys of the file that it is made of. */
export interface NamedTensor extends SourceTensor {
  readonly keys: readonly string[];
}

export interface NamedTensors {
  readonly layout: "official" | "Hugging Face";
  /** What stood before every name, such as "module.backbone."; empty for nothing. */
  readonly prefix: string;
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  /** Keys that stand for no tensor of ours. */
  readonly unused: readonly string[];
}

const CLS = "cls_token";
const HUGGING_FACE_CLS = "embeddings.cls_token";
/** Models with a head keep their encoder under this name. */
const HUGGING_FACE_PREFIX = "vit.";

/** Throws FormatError where there is no encoder, more than one, or one of another architecture. */
export function nameTensors(
  path: string,
  tensors: ReadonlyMap<string, SourceTensor>,
  wantedPrefix?: string,
): NamedTensors {
  const prefix = findPrefix(path, tensors, wantedPrefix);
  return tensors.has(prefix + HUGGING_FACE_CLS)
    ? fromHuggingFace(path, tensors, prefix)
    : fromOfficial(path, tensors, prefix);
}

/** The token that only transformers have tells where in the names the encoder is. */
function findPrefix(path: string, tensors: ReadonlyMap<string, SourceTensor>, wanted: string | undefined): string {
  const prefixes = [...tensors.keys()]
    .filter((key) => /(^|\.)cls_token$/.test(key))
    .map((key) => key.slice(0, -(key.endsWith(HUGGING_FACE_CLS) ? HUGGING_FACE_CLS : CLS).length));
  if (wanted !== undefined) {
    if (prefixes.includes(wanted)) return wanted;
    throw new WeightsRequestError(
      path,
      `no name begins with ${wanted}; encoders are under ${prefixes.map(quote).join(", ") || "none"}`,
    );
  }
  const [first, ...others] = prefixes;
  if (first === undefined) {
    const some = [...tensors.keys()].slice(0, 6).join(", ");
    throw new WeightsRequestError(
      path,
      `expected the tensors of a vision transformer, cls_token among them; found ${some}, ...`,
    );
  }
  if (others.length > 0) {
    throw new WeightsRequestError(
      path,
      `it holds several encoders, under ${prefixes.map(quote).join(", ")}. Choose one with --prefix`,
    );
  }
  return first;
}

function fromOfficial(path: string, tensors: ReadonlyMap<string, SourceTensor>, prefix: string): NamedTensors {
  const named = new Map<string, NamedTensor>();
  const unused: string[] = [];
  for (const [key, tensor] of tensors) {
    const name = key.startsWith(prefix) ? key.slice(prefix.length) : undefined;
    if (name !== undefined && isOwnName(name)) named.set(name, { ...tensor, keys: [key] });
    else {
      if (name !== undefined) refuseForeign(path, name);
      unused.push(key);
    }
  }
  return { layout: "official", prefix, tensors: named, unused };
}

const ownNames: readonly RegExp[] = [
  /^(cls_token|pos_embed|mask_token|decoder_pos_embed)$/,
  /^(patch_embed\.proj|norm|decoder_embed|decoder_norm|decoder_pred)\.(weight|bias)$/,
  /^(decoder_)?blocks\.(0|[1-9]\d{0,2})\.(norm1|norm2|attn\.qkv|attn\.proj|mlp\.fc1|mlp\.fc2)\.(weight|bias)$/,
];

function isOwnName(name: string): boolean {
  return ownNames.some((pattern) => pattern.test(name)) || isPretrainingOnly(name);
}

function refuseForeign(path: string, name: string): void {
  const foreign = foreignArchitecture.find(([pattern]) => pattern.test(name));
  if (foreign === undefined) return;
  throw new WeightsRequestError(
    path,
    `it is not a plain vision transformer: ${name} belongs to ${foreign[1]}, without which its features would differ`,
  );
}

function fromHuggingFace(path: string, tensors: ReadonlyMap<string, SourceTensor>, prefix: string): NamedTensors {
  const outer = prefix.endsWith(HUGGING_FACE_PREFIX) ? prefix.slice(0, -HUGGING_FACE_PREFIX.length) : prefix;
  const parts = new Map<string, { key: string; part: number }[]>();
  const unused: string[] = [];
  for (const key of tensors.keys()) {
    const inner = key.startsWith(prefix) ? key.slice(prefix.length) : undefined;
    const own =
      (inner !== undefined ? ownName(huggingFaceEncoder, inner) : undefined) ??
      (key.startsWith(outer) ? ownName(huggingFaceDecoder, key.slice(outer.length)) : undefined);
    if (own === undefined) {
      refuseForeign(path, inner ?? key);
      unused.push(key);
    } else parts.set(own.name, [...(parts.get(own.name) ?? []), { key, part: own.part }]);
  }
  const named = new Map<string, NamedTensor>();
  for (const [name, list] of parts) {
    const keys = list.sort((a, b) => a.part - b.part).map(({ key }) => key);
    if (name.includes(".qkv.") && keys.length !== 3) {
      throw new FormatError(
        path,
        `expected query, key and value of each block; of ${name} it has only ${keys.join(", ")}`,
      );
    }
    named.set(name, joined(path, keys, tensors));
  }
  return { layout: "Hugging Face", prefix, tensors: named, unused };
}

/** Tensors one behind the other along the first axis. */
function joined(path: string, keys: readonly string[], tensors: ReadonlyMap<string, SourceTensor>): NamedTensor {
  const parts = keys.map((key) => tensors.get(key)!);
  const [first] = parts;
  if (parts.length === 1) return { ...first!, keys };
  const [rows = 0, ...others] = first!.shape;
  if (parts.some(({ shape }) => shape.join() !== first!.shape.join())) {
    throw new FormatError(path, `expected ${keys.join(", ")} to have the same shape`);
  }
  return {
    keys,
    dtype: first!.dtype,
    shape: [rows * parts.length, ...others],
    read: () => {
      const size = first!.shape.reduce((product, each) => product * each, 1);
      const values = new Float32Array(size * parts.length);
      for (const [index, part] of parts.entries()) values.set(part.read(), index * size);
      return values;
    },
  };
}

function quote(text: string): string {
  return JSON.stringify(text);
}
