// mixedae import and mixedae export, from flags to messages.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { exportWeights } from "#src/exchange/export-weights.js";
import { writeCheckpoint } from "#src/training/checkpoint-file.js";
import { loadPretrained } from "#src/training/pretrained.js";
import { record } from "../cli/recording.js";
import { temporaryFolder } from "../files/temporary-folder.js";
import { checkpointEntries, tinyConfig } from "./tiny-run.js";

const temporary = temporaryFolder();

async function writeTiny(): Promise<string> {
  const path = temporary("step.safetensors");
  await writeCheckpoint(path, {
    step: 5,
    tensors: checkpointEntries(5),
    metadata: { config: JSON.stringify(tinyConfig) },
  });
  return path;
}

describe("mixedae export and import", () => {
  test("there and back, with a report of every key", async () => {
    const checkpoint = await writeTiny();
    const exported = await record(["export", checkpoint, "--format", "timm", "--out", temporary("timm.pth")]);
    expect(exported.exitCode).toBe(0);
    expect(exported.out).toContain(`${checkpoint}, step 5: 18 tensors\nLeft out: `);
    expect(exported.out).toContain("decoder_blocks.*");
    expect(exported.out).toContain(`Wrote ${temporary("timm.pth")}\n`);
    const flags = ["--heads", "2", "--mean", "0.5,0.5,0.5", "--std", "0.25,0.25,0.25", "--image-size", "12"];
    const out = temporary("back.safetensors");
    const imported = await record(["import", temporary("timm.pth"), "--out", out, ...flags]);
    expect(imported.err).toBe("");
    expect(imported.out).toContain("keys           17 matched, 1 reshaped, 0 missing, 0 unused");
    expect(imported.out).toContain("    matched   blocks.0.attn.qkv.weight\n");
    expect(imported.out).toContain("    reshaped  pos_embed (resampled from 2 x 2 to 3 x 3)\n");
    const model = await loadPretrained(out);
    expect(model.shape).toMatchObject({ imageSize: 12, heads: 2 });
    expect(model.normalization).toEqual({ mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] });
  });

  test("ONNX says how far it is from our own forward pass", async () => {
    const { out, exitCode } = await record([
      "export",
      await writeTiny(),
      "--format",
      "onnx",
      "--out",
      temporary("x.onnx"),
    ]);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/Run at batches of 1 and 3: relative difference to our own forward pass \d\.\de[+-]\d/);
  });

  test.each<[string, readonly string[], string, number]>([
    ["a missing file", ["import", "none.pth", "--out", "x.safetensors"], "There is no file or folder none.pth", 2],
    ["an odd name", ["import", "FILE", "--out", "x.pth"], "expected a name that ends in .safetensors; found x.pth", 2],
    ["a folder within a file", ["import", "WEIGHTS", "--out", "FILE/x.safetensors"], "Something else has this name", 2],
    ["its own input", ["import", "WEIGHTS", "--out", "WEIGHTS", "--overwrite"], "as both", 2],
    ["a name that is taken", ["import", "WEIGHTS", "--out", "OTHER"], "add --overwrite to replace it", 2],
    ["its own input", ["export", "STEP", "--format", "safetensors", "--out", "STEP", "--overwrite"], "as both", 2],
    ["a taken name", ["export", "STEP", "--format", "safetensors", "--out", "OTHER"], "add --overwrite", 2],
    [
      "a deviation of 0",
      ["import", "FILE", "--out", "x.safetensors", "--mean", "0,0,0", "--std", "0,1,1"],
      "numbers above 0",
      2,
    ],
    ["a mean alone", ["import", "FILE", "--out", "x.safetensors", "--mean", "0,0,0"], "expected both or neither", 2],
    ["no numbers", ["import", "FILE", "--out", "x.safetensors", "--mean", "0,,0"], "a number for each channel", 2],
    [
      "numbers of other channels",
      ["import", "WEIGHTS", "--out", "x.safetensors", "--mean", "0,0", "--std", "1,1"],
      "which have 3; found 2 and 2",
      2,
    ],
    [
      "no number",
      ["import", "FILE", "--out", "x.safetensors", "--heads", "x"],
      "Expected a whole number from 1 to 512",
      2,
    ],
    ["a file that is none", ["import", "FILE", "--out", "x.safetensors"], "neither a PyTorch file", 2],
    ["an unknown format", ["export", "FILE", "--format", "keras", "--out", "x"], "Allowed choices are", 2],
    ["no format", ["export", "FILE", "--out", "x"], "--format", 2],
    ["another ending", ["export", "FILE", "--format", "onnx", "--out", "x.pth"], "ends in .onnx for onnx", 2],
    [
      "a pool of tokens for PyTorch",
      ["export", "FILE", "--format", "pytorch", "--out", "x.pth", "--pool", "cls"],
      "--pool",
      2,
    ],
    ["no checkpoint", ["export", "FILE", "--format", "pytorch", "--out", "x.pth"], "not a usable checkpoint", 1],
  ])("refuses %s", async (_, args, words, code) => {
    const file = temporary("file.txt");
    writeFileSync(file, "a text that is neither a model nor anything else");
    const step = await writeTiny();
    const weights = temporary("weights.safetensors");
    await exportWeights(step, { format: "safetensors", out: weights });
    const other = temporary("other.safetensors");
    writeFileSync(other, "somebody's");
    const paths: Record<string, string> = { FILE: file, STEP: step, WEIGHTS: weights, OTHER: other };
    const { exitCode, err } = await record(args.map((arg) => arg.replace(/^[A-Z]+\b/, (name) => paths[name] ?? name)));
    expect(readFileSync(other, "utf8")).toBe("somebody's");
    expect(err).toContain(words);
    expect(exitCode).toBe(code);
    expect(existsSync("x.safetensors") || existsSync("x.pth")).toBe(false);
  });

  test.each(["import", "export"])("%s --help has examples", async (command) => {
    expect((await record([command, "--help"])).out).toContain(`Examples:\n  mixedae ${command} `);
  });
});
