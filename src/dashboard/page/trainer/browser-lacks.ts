// What a browser or its page lacks for training, in words, and what there is to compute with.

import type { Device } from "./protocol.js";

export interface Equipment {
  readonly devices: readonly Device[];
  readonly threads: number;
  /** Without these nothing can be trained. */
  readonly missing: readonly string[];
  /** What goes on without. */
  readonly notes: readonly string[];
}

const MOST_THREADS = 8;

export function equipment(): Equipment {
  const devices: readonly Device[] = "gpu" in navigator ? ["cpu", "webgpu"] : ["cpu"];
  const missing: string[] = [];
  if (typeof WebAssembly === "undefined") missing.push("This browser has no WebAssembly: use a newer one.");
  if (typeof OffscreenCanvas === "undefined") missing.push("This browser has no OffscreenCanvas: use a newer one.");
  if (crossOriginIsolated) {
    // One core is left to the page, where there are enough.
    const cores = navigator.hardwareConcurrency || 1;
    return { devices, threads: Math.min(MOST_THREADS, cores > 2 ? cores - 1 : cores), missing, notes: [] };
  }
  return {
    devices,
    threads: 1,
    missing,
    notes: [
      "One thread trains: the server of this page does not isolate it from others. With the headers " +
        "Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp, all cores would.",
    ],
  };
}
