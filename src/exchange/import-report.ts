// What became of every key of an imported file.

import { sizeWord } from "../data/image-size.js";
import { printable } from "../terminal/printable.js";
import type { DecoderShape, ModelDescription } from "../training/model-description.js";

/** What becomes of a tensor: missing ones are ours that the file lacks, unused ones are the file's. */
export type KeyStatus = "matched" | "reshaped" | "missing" | "unused";

/** What became of one tensor. */
export interface KeyReport {
  /** The file's key or, where it is missing, ours. */
  readonly key: string;
  readonly status: KeyStatus;
  /** Our name where it differs from the key, and what was done. */
  readonly note: string | undefined;
}

/** What was found in a file of weights, and what became of each tensor. */
export interface ImportReport {
  readonly path: string;
  readonly format: string;
  readonly entry: string;
  readonly layout: string;
  readonly prefix: string;
  readonly model: ModelDescription;
  readonly keys: readonly KeyReport[];
  /** What was assumed, and what the reader should know. */
  readonly notes: readonly string[];
}

/** Lines to print: the model first, every key after it. */
export function formatImportReport(report: ImportReport): string[] {
  const { shape, decoder, normalization } = report.model;
  const count = (status: KeyStatus) => report.keys.filter((key) => key.status === status).length;
  const where = [
    report.format,
    ...(report.entry === "" ? [] : [`entry ${report.entry}`]),
    ...(report.prefix === "" ? [] : [`prefix ${report.prefix}`]),
    `${report.layout} names`,
  ];
  const lines = [
    `${report.path}: ${where.join(", ")}`,
    `  encoder        ${shape.depth} blocks of width ${shape.width}, ${shape.heads} heads, patches of ${shape.patchSize}, images of ${sizeWord(shape.imageSize)}${describeChannels(shape)}`,
    `  decoder        ${decoder === undefined ? "none" : describeDecoder(decoder)}`,
    `  normalisation  mean ${normalization.mean.join(", ")}; std ${normalization.std.join(", ")}`,
    ...report.notes.map((note) => `  note           ${note}`),
    `  keys           ${count("matched")} matched, ${count("reshaped")} reshaped, ${count("missing")} missing, ${count("unused")} unused`,
    ...report.keys.map(
      ({ key, status, note }) => `    ${status.padEnd(9)} ${key}${note === undefined ? "" : ` (${note})`}`,
    ),
  ];
  return lines.map(printable);
}

function describeChannels({ channels = 3 }: ImportReport["model"]["shape"]): string {
  return channels === 3 ? "" : ` with ${channels} channel${channels === 1 ? "" : "s"}`;
}

function describeDecoder({ decoderDepth, decoderWidth, decoderHeads }: DecoderShape): string {
  return `${decoderDepth} blocks of width ${decoderWidth}, ${decoderHeads} heads`;
}
