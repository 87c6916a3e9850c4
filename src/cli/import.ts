// mixedae import: weights of other libraries as a checkpoint.

import { existsSync } from "node:fs";
import { extname } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import type { ImportOptions } from "../exchange/import-weights.js";
import { modelLimits } from "../nn/model-limits.js";
import { ProgressLine } from "../terminal/progress-line.js";
import { Waiting } from "../terminal/waiting.js";
import type { CliContext } from "./context.js";
import { countUpTo, imageSides, overwriteOption, sizeForm } from "./evaluation-flags.js";
import { UsageError } from "./report-error.js";

interface Options extends Omit<ImportOptions, "normalization"> {
  readonly out: string;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
}

export function addImport(program: Command, context: CliContext, finish: (exitCode: number) => void): void {
  program
    .command("import")
    .summary("convert weights of other libraries into a checkpoint")
    .description(
      "Reads the weights of a plain vision transformer and writes them as a checkpoint that embed, knn, probe, " +
        "finetune, export and pretrain --weights take. Nothing in the file is executed. Every key of it is listed: matched, reshaped, missing or unused.",
    )
    .argument("<file>", "PyTorch file (.pth, .pt, .bin), safetensors file, or Hugging Face folder")
    .requiredOption("--out <file.safetensors>", "checkpoint to write")
    .addOption(overwriteOption())
    .option(
      "--image-size <pixels>",
      `resample the position embeddings for images of this size: ${sizeForm}`,
      imageSides,
    )
    .option(
      "--heads <n>",
      "attention heads, if neither the file nor the usual sizes give their number",
      countUpTo(modelLimits.heads),
    )
    .option("--decoder-heads <n>", "attention heads of the decoder, likewise", countUpTo(modelLimits.heads))
    .option("--entry <name>", "part of a file with several sets of weights, such as teacher or student")
    .option("--prefix <text>", "what stands before the encoder's names, where a file holds several encoders")
    .option("--encoder-only", "leave the decoder out")
    .option("--mean <x,...>", "mean of each channel that the model was trained with (default: ImageNet's)", numbers)
    .option("--std <x,...>", "deviation of each channel, likewise", numbers)
    .addHelpText(
      "after",
      [
        "",
        "Known are: MAE (full and encoder-only), timm's ViT, DINO and iBOT, with their prefixes and containers, and",
        "Hugging Face's ViT and ViTMAE; float32, float16, bfloat16 and float64.",
        "",
        "Examples:",
        "  mixedae import mae_pretrain_vit_base.pth --out mae-base.safetensors",
        "  mixedae import dino_vits16_full.pth --entry student --out dino.safetensors",
        "  mixedae import vit-mae-base --out mae.safetensors --image-size 384",
        "  mixedae import vit_small.safetensors --out half.safetensors --mean 0.5,0.5,0.5 --std 0.5,0.5,0.5",
      ].join("\n"),
    )
    .action(async (file: string, { out, mean, std, ...options }: Options) => {
      if (!existsSync(file)) throw new UsageError(`There is no file or folder ${file}`);
      checkOut(out);
      if ((mean === undefined) !== (std === undefined))
        throw new UsageError("--mean and --std: expected both or neither");
      if (std?.some((value) => value <= 0)) throw new UsageError("--std: expected numbers above 0");
      const { importWeights } = await import("../exchange/import-weights.js");
      const { formatImportReport } = await import("../exchange/import-report.js");
      const normalization = mean !== undefined && std !== undefined ? { mean, std } : undefined;
      const report = await new Waiting(new ProgressLine(context.stdout)).during("Reading and writing weights", () =>
        importWeights(file, out, { ...options, normalization }),
      );
      context.stdout.write(`${formatImportReport(report).join("\n")}\nWrote ${out}\n`);
      finish(0);
    });
}

function checkOut(out: string): void {
  if (extname(out) !== ".safetensors") {
    throw new UsageError(`--out: expected a name that ends in .safetensors; found ${out}`);
  }
}

function numbers(text: string): number[] {
  const values = text.split(",").map((each) => (each.trim() === "" ? Number.NaN : Number(each)));
  if (values.every(Number.isFinite)) return values;
  throw new InvalidArgumentError("Expected a number for each channel, such as 0.5,0.5,0.5.");
}
