// What other libraries call the tensors of a vision transformer, as tables; `*` stands for a block's number.

import type { WeightTensor } from "../training/pretrained.js";

/**
 * A tensor of ours and its name elsewhere; several names are parts of it, one behind the other along the first axis.
 * Names end in `.weight` and `.bias` alike where a rule ends in a dot.
 */
export type KeyRule = readonly [ours: string, theirs: string | readonly string[]];

const huggingFaceBlock = (ours: string, theirs: string): readonly KeyRule[] => [
  [`${ours}.norm1.`, `${theirs}.layernorm_before.`],
  [`${ours}.attn.qkv.`, ["query", "key", "value"].map((part) => `${theirs}.attention.attention.${part}.`)],
  [`${ours}.attn.proj.`, `${theirs}.attention.output.dense.`],
  [`${ours}.norm2.`, `${theirs}.layernorm_after.`],
  [`${ours}.mlp.fc1.`, `${theirs}.intermediate.dense.`],
  [`${ours}.mlp.fc2.`, `${theirs}.output.dense.`],
];

/** ViTModel and ViTMAEModel of Hugging Face's transformers; models with a head put `vit.` before these. */
export const huggingFaceEncoder: readonly KeyRule[] = [
  ["cls_token", "embeddings.cls_token"],
  ["pos_embed", "embeddings.position_embeddings"],
  ["patch_embed.proj.", "embeddings.patch_embeddings.projection."],
  ...huggingFaceBlock("blocks.*", "encoder.layer.*"),
  ["norm.", "layernorm."],
];

/** The decoder of ViTMAEForPreTraining. */
export const huggingFaceDecoder: readonly KeyRule[] = [
  ["mask_token", "decoder.mask_token"],
  ["decoder_pos_embed", "decoder.decoder_pos_embed"],
  ["decoder_embed.", "decoder.decoder_embed."],
  ...huggingFaceBlock("decoder_blocks.*", "decoder.decoder_layers.*"),
  ["decoder_norm.", "decoder.decoder_norm."],
  ["decoder_pred.", "decoder.decoder_pred."],
];

/** The head of ViTForImageClassification. */
export const huggingFaceHead: readonly KeyRule[] = [["head.", "classifier."]];

/** The entries of a file that hold weights, the preferred first: averaged weights are those that are evaluated. */
export const knownEntries = ["state_dict_ema", "model_ema", "teacher", "model", "state_dict", "student"] as const;

/**
 * Tensors that change what a model computes, and that a plain vision transformer lacks: a file that has one is of
 * another architecture. Names are those of timm and Hugging Face, without prefix.
 */
export const foreignArchitecture: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/\.(ls[12]|layer_scale1|layer_scale2)\.|\.gamma(_?[12])?$|\.lambda1$/, "layer scale"],
  [/rel_pos|relative_position/, "relative positions"],
  [/\.(q_norm|k_norm)\./, "normalised queries and keys"],
  [/^(dist_token|embeddings\.distillation_token)$/, "a distillation token"],
  [/^(reg_token|register_tokens|embeddings\.register_tokens)$/, "register tokens"],
  [/^norm_pre\./, "a norm before the blocks"],
  [/^patch_embed\.(?!proj\.)/, "another patch embedding"],
  [/^(decoder_)?blocks\.|^encoder\.layer\.|^decoder\.decoder_layers\./, "blocks of another kind"],
];

/** Rules, and what stands before each of their names elsewhere. */
export interface PrefixedRules {
  readonly rules: readonly KeyRule[];
  readonly prefix: string;
}

/** Our tensors under their names elsewhere, those that are several there apart; views on ours. */
export function renamed(
  tensors: ReadonlyMap<string, WeightTensor>,
  tables: readonly PrefixedRules[],
): Map<string, WeightTensor> {
  const result = new Map<string, WeightTensor>();
  for (const [name, { shape, data }] of tensors) {
    const [names] = tables.flatMap(({ rules, prefix }) => {
      const found = foreignNames(rules, name);
      return found === undefined ? [] : [found.map((each) => prefix + each)];
    });
    if (names === undefined) throw new Error(`no name for ${name} in the tables of names elsewhere`);
    const [rows = 0, ...others] = shape;
    const size = data.length / names.length;
    const partShape = names.length === 1 ? shape : [rows / names.length, ...others];
    for (const [part, each] of names.entries()) {
      result.set(each, { shape: partShape, data: data.subarray(part * size, (part + 1) * size) });
    }
  }
  return result;
}

/** The names elsewhere of one of our tensors, or undefined where the rules do not know it. */
function foreignNames(rules: readonly KeyRule[], name: string): readonly string[] | undefined {
  for (const [ours, theirs] of rules) {
    const match = patternOf(ours).exec(name);
    if (match === null) continue;
    const [, block = "", kind = ""] = match;
    const names = typeof theirs === "string" ? [theirs] : theirs;
    return names.map((each) => each.replace("*", block) + kind);
  }
  return undefined;
}

/** Captures the block's number and, after a trailing dot, weight or bias. */
function patternOf(rule: string): RegExp {
  const text = rule.replaceAll(".", "\\.");
  const numbered = text.includes("*") ? text.replace("*", "(\\d+)") : `()${text}`;
  return new RegExp(`^${numbered}${rule.endsWith(".") ? "(weight|bias)" : "()"}$`);
}

/** Our name for a tensor elsewhere, and which part of ours it is; undefined where the rules do not know it. */
export function ownName(rules: readonly KeyRule[], name: string): { name: string; part: number } | undefined {
  for (const [ours, theirs] of rules) {
    for (const [part, each] of (typeof theirs === "string" ? [theirs] : theirs).entries()) {
      const match = patternOf(each).exec(name);
      if (match !== null) return { name: ours.replace("*", match[1] ?? "") + (match[2] ?? ""), part };
    }
  }
  return undefined;
}
