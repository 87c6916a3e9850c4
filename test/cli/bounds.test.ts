// Numbers that only a slip can be are refused by every command before it loads anything.
import { describe, expect, it } from "vitest";
import { mostThreads } from "#src/engine/machine.js";
import { record } from "./recording.js";

const sets = ["--from", "scratch", "--train", "a", "--test", "b"];
const commands: Readonly<Record<string, readonly string[]>> = {
  embed: ["embed", "a", "--from", "scratch", "--out", "a.npy"],
  search: ["search", "a.npy", "b.png"],
  duplicates: ["duplicates", "a.npy"],
  knn: ["knn", ...sets],
  probe: ["probe", ...sets],
  segment: ["segment", "nearest", "--from", "scratch", "--scenes", "a"],
  finetune: ["finetune", ...sets, "--out", "run"],
  classify: ["classify", "run", "a.png"],
  study: ["study", "a.yaml", "--out", "study"],
  resume: ["resume", "run"],
  data: ["data", "compose", "a", "--out", "b"],
  import: ["import", "a", "--out", "b.safetensors"],
  export: ["export", "a", "--format", "onnx", "--out", "b.onnx"],
};

describe("--threads", () => {
  const withThreads = Object.keys(commands).filter((name) => !["data", "import", "export"].includes(name));
  it.each(withThreads)("of %s has the machine's bound", async (name) => {
    const { exitCode, err } = await record([...commands[name]!, "--threads", "1000000"]);
    expect(exitCode).toBe(2);
    expect(err).toContain(`Expected a whole number from 0 to ${mostThreads()}, `);
    expect(err).toContain("found 1000000. Take 0 for one thread a physical core");
  });

  it("of pretrain is refused with the configuration", async () => {
    const { exitCode, err } = await record(["pretrain", "a", "--out", "b", "--threads", "1000000"]);
    expect(exitCode).toBe(2);
    expect(err).toContain("run.threads (from --threads): expected a whole number from 0 (one a physical core) to four");
  });
});

it.each([
  ["search", "--top"],
  ["classify", "--top"],
  ["segment", "--images"],
  ["segment", "--queries"],
  ["segment", "--neighbours"],
  ["probe", "--epochs"],
  ["probe", "--batch-size"],
  ["probe", "--base-learning-rate"],
  ["finetune", "--epochs"],
  ["finetune", "--steps"],
  ["finetune", "--batch-size"],
  ["finetune", "--learning-rate"],
  ["data", "--count"],
  ["data", "--test-count"],
  ["data", "--image-size"],
  ["import", "--image-size"],
  ["import", "--heads"],
  ["export", "--image-size"],
])("%s %s is bounded, and takes nothing that is no number", async (name, flag) => {
  for (const value of ["999999999999999", "1e308", "Infinity", "NaN", "-1", "0", "", "9".repeat(5000)]) {
    const { exitCode, err } = await record([...commands[name]!, flag, value]);
    expect([exitCode, value]).toEqual([2, value]);
    expect(err).toMatch(
      /Expected (a (whole )?number (from 1 to [\d,]+|of pixels from 16 to 2048|above 0 and of at most 1000)|.*HEIGHTxWIDTH, .* from 1 to 8,192)/,
    );
  }
});

it.each(["import", "export"])("%s --image-size takes no side of a rectangle that is out of bounds", async (name) => {
  for (const value of ["0x4", "4x0", "9000x4", "4x9000", "4x", "x4", "4x4x4", "-4x4"]) {
    const { exitCode, err } = await record([...commands[name]!, "--image-size", value]);
    expect([exitCode, value]).toEqual([2, value]);
    expect(err).toMatch(/HEIGHTxWIDTH, such as 224 or 96x160, each from 1 to 8,192/);
  }
});
