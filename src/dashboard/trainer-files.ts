// The page that trains, as files: those that are built with this package, and those of ONNX Runtime for browsers.

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Finding } from "../data/errors.js";

export interface TrainerFile {
  /** Relative to the page's address. */
  readonly name: string;
  readonly path: string;
  readonly type: string;
}

const SCRIPT = "text/javascript; charset=utf-8";
const built = fileURLToPath(new URL("./trainer/", import.meta.url));
const ofPage: readonly (readonly [name: string, type: string])[] = [
  ["index.html", "text/html; charset=utf-8"],
  ["train.js", SCRIPT],
  ["train-worker.js", SCRIPT],
  ["train.css", "text/css; charset=utf-8"],
];
const ofRuntime: readonly (readonly [name: string, type: string])[] = [
  ["ort.wasm.min.mjs", SCRIPT],
  ["ort-wasm-simd-threaded.mjs", SCRIPT],
  ["ort-wasm-simd-threaded.wasm", "application/wasm"],
  ["ort.webgpu.min.mjs", SCRIPT],
  ["ort-wasm-simd-threaded.asyncify.mjs", SCRIPT],
  ["ort-wasm-simd-threaded.asyncify.wasm", "application/wasm"],
];

/** What there is to say where `trainerFiles` finds none. */
export const NO_RUNTIME: Finding = {
  expected: "onnxruntime-web, which trains in a page",
  found: "none",
  remedy: "Run npm install onnxruntime-web beside mixedae",
};

/** All files that the page needs; undefined where onnxruntime-web is not installed, or the page was not built. */
export function trainerFiles(): readonly TrainerFile[] | undefined {
  const runtime = runtimeFolder();
  if (runtime === undefined) return undefined;
  const files = [
    ...ofPage.map(([name, type]) => ({ name, type, path: join(built, name) })),
    ...ofRuntime.map(([name, type]) => ({ name: `runtime/${name}`, type, path: join(runtime, name) })),
  ];
  return files.every(({ path }) => existsSync(path)) ? files : undefined;
}

export function readTrainerFile({ path }: TrainerFile): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(path));
}

function runtimeFolder(): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve("onnxruntime-web"));
  } catch {
    return undefined;
  }
}
