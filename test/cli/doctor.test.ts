// mixedae doctor on the machine that the tests run on, and its words for what is missing.

import { describe, expect, it } from "vitest";
import { formatFindings } from "#src/cli/doctor.js";
import { checkNode } from "#src/cli/doctor-checks.js";
import { record } from "./recording.js";

describe("mixedae doctor", () => {
  it("finds this machine ready, and names everything that it looked at", { timeout: 120_000 }, async () => {
    const { exitCode, out } = await record(["doctor"]);
    expect(exitCode, out).toBe(0);
    for (const name of [
      "Node.js",
      "engine",
      "threads",
      "memory",
      "image codecs",
      "WebGPU",
      "PyTorch",
      "software Vulkan",
    ]) {
      expect(out).toContain(`  ${name}`);
    }
    expect(out).toContain(process.versions.node);
    expect(out).toMatch(/ok +engine +ONNX Runtime \d+\.\d+\.\d+; computes on the CPU/);
    expect(out).toContain("JPEG, PNG, WebP, GIF, TIFF, AVIF");
    expect(out).toContain("Ready to train.");
  });

  it("knows which Node.js is recent enough", () => {
    const states = ["18.20.0", "20.18.9", "20.19.0", "22.0.0"].map((version) => checkNode(version).state);
    expect(states).toEqual(["missing", "missing", "ok", "ok"]);
  });

  it("puts what to do below what is missing", () => {
    const lines = formatFindings([
      { name: "engine", state: "missing", found: "not there", remedy: "Nothing can be trained without it" },
      { name: "WebGPU", state: "absent", found: "no GPU" },
    ]);
    expect(lines).toEqual([
      "  MISSING  engine  not there",
      "                   Nothing can be trained without it.",
      "  -        WebGPU  no GPU",
      "Not ready to train: engine missing.",
    ]);
  });
});
