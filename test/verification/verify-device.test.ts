// What verification says of a device that computes rightly, wrongly, or not at all.
import { expect, test } from "vitest";
import { methodNames } from "#src/methods/registry.js";
import { verifyDevice } from "#src/verification/index.js";
import { productSpeed, trainingSpeed } from "#src/verification/speed.js";
import { multiply, registerCrooked } from "./crooked.js";

const failures = (checks: Awaited<ReturnType<typeof verifyDevice>>["checks"]) =>
  checks.filter(({ passed }) => !passed).map(({ name }) => name);

test("the CPU computes what it should", { timeout: 300_000 }, async () => {
  const announced: string[] = [];
  const { checks, passed, productGigaflops } = await verifyDevice(
    { device: "cpu" },
    { measuresSpeed: false, onProgress: (done, total, what) => announced.push(`${done}/${total} ${what}`) },
  );
  expect(failures(checks)).toEqual([]);
  expect(passed).toBe(true);
  expect(productGigaflops).toBeNull();
  expect(checks.filter(({ kind }) => kind === "method").map(({ name }) => name)).toEqual([...methodNames]);
  expect(announced).toHaveLength(checks.length);
  // Single precision is not double precision: a comparison of something with itself would give zero everywhere.
  expect(checks.filter(({ deviation }) => deviation! > 0).length).toBeGreaterThan(checks.length / 2);
});

test("a device that is off, gives no numbers, or cannot compute something fails by name", {
  timeout: 300_000,
}, async () => {
  registerCrooked("crooked", (program, results) => {
    if (program === "gelu") multiply(results.result0!, 1.001);
    if (program === "adamw") results.newMean!.fill(Number.NaN as never);
    if (program === "mae") results["gradient/patch_embed.proj.weight"]!.fill(0 as never);
    if (program === "topK") throw new Error("the device has no topK");
  });
  const { checks, passed, training } = await verifyDevice({ device: "crooked" });
  expect(failures(checks)).toEqual(["gelu", "topK", "adamw", "mae"]);
  expect(passed).toBe(false);
  expect(training).toContain("checks failed");
  const of = (name: string) => checks.find((each) => each.name === name)!;
  expect(of("gelu").deviation).toBeCloseTo(1e-3, 4);
  expect(of("gelu").cpuDeviation).toBeLessThan(1e-5);
  expect(of("adamw").deviation).toBeNull();
  expect(of("topK").error).toContain("no topK");
  expect(of("mae")).toMatchObject({ output: "gradient/patch_embed.proj.weight", deviation: 1 });
});

test("speed is measured, and a device that would take too long for a step is not asked", {
  timeout: 120_000,
}, async () => {
  expect(await productSpeed({ device: "cpu" })).toBeGreaterThan(0.1);
  expect(await trainingSpeed({ device: "cpu" }, 0.5)).toMatch(/a step of 16 images would take more than \d+ s/);
});
