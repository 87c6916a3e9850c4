// mixedae doctor --verify: its words, its file, and its exit code.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { verificationLines } from "#src/cli/verify.js";
import type { Verification } from "#src/verification/index.js";
import { sharedFolder } from "../training/tiny-run.js";
import { multiply, registerCrooked } from "../verification/crooked.js";
import { record } from "./recording.js";

const at = sharedFolder();
registerCrooked("crooked", (_, results) => {
  for (const values of Object.values(results)) multiply(values, -1);
});

describe("mixedae doctor --verify", () => {
  test("says that a device is wrong, writes a report, and ends with 1", { timeout: 300_000 }, async () => {
    const out = at("report.json");
    const { exitCode, out: text } = await record(["doctor", "--verify", "crooked", "--out", out]);
    expect(exitCode, text).toBe(1);
    expect(text).toContain("WRONG: matmul");
    expect(text).toContain("crooked computes something WRONG");
    const report = JSON.parse(readFileSync(out, "utf8"));
    expect(report).toMatchObject({ device: "crooked", passed: false, machine: { engine: "a crooked device" } });
    expect(report.machine.node).toBe(process.versions.node);
    expect(report.checks.find(({ name }: { name: string }) => name === "mixedae").passed).toBe(false);
  });

  test("keeps a report that is there", async () => {
    const out = at("kept.json");
    writeFileSync(out, "kept");
    const { exitCode, err } = await record(["doctor", "--verify", "crooked", "--out", out]);
    expect(exitCode).toBe(2);
    expect(err).toContain("--overwrite");
    expect(readFileSync(out, "utf8")).toBe("kept");
  });

  test("refuses an unknown device, and flags that only a verification has", async () => {
    expect((await record(["doctor", "--verify", "abacus"])).err).toContain("abacus");
    const { exitCode, err } = await record(["doctor", "--out", at("alone.json")]);
    expect(exitCode).toBe(2);
    expect(err).toContain("--verify");
    expect(existsSync(at("alone.json"))).toBe(false);
  });

  test("names those furthest off, what was wrong, and the speeds", () => {
    const verification: Verification = {
      device: "webgpu",
      checks: [
        { kind: "operation", name: "add", deviation: 1e-8, cpuDeviation: 2e-8, output: "result0", passed: true },
        { kind: "operation", name: "gelu", deviation: 0.5, cpuDeviation: 1e-7, output: "gradient0", passed: false },
        { kind: "method", name: "mae", deviation: null, cpuDeviation: 1e-7, error: "no kernel", passed: false },
      ],
      productGigaflops: 1234.5,
      training: { imagesPerSecond: 98.76, shareOfProducts: 0.421 },
      passed: false,
    };
    expect(verificationLines(verification)).toEqual([
      "Differences of webgpu from double precision, relative to the largest value of each result",
      "  operations   1 of 2 right",
      "               add 1.0e-8, the CPU 2.0e-8 (result0)",
      "               WRONG: gelu 5.0e-1, the CPU 1.0e-7 (gradient0)",
      "  mae          WRONG: no kernel",
      "  products     1,230 GFLOP/s",
      "  ViT-Base/16  MixedAE 98.8 images/s, 42% of the products' speed",
      "webgpu computes something WRONG: do not train on it.",
    ]);
  });
});
