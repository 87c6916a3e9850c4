// mixedae export: a pre-trained or fine-tuned model in the formats of other libraries.

import { existsSync } from "node:fs";
import { extname } from "node:path";
import { type Command, Option } from "commander";
import { type ExportFormat, type ExportOptions, exportFormats } from "../exchange/export-formats.js";
import { printable } from "../terminal/printable.js";
import { ProgressLine } from "../terminal/progress-line.js";
import { Waiting } from "../terminal/waiting.js";
import type { CliContext } from "./context.js";
import { warnOn } from "./context.js";
import { imageSides, overwriteOption, sizeForm, studentHelp } from "./evaluation-flags.js";
import { UsageError } from "./report-error.js";

const extensions: Readonly<Record<ExportFormat, readonly string[]>> = {
  safetensors: [".safetensors"],
  timm: [".pth", ".pt", ".bin", ".safetensors"],
  huggingface: [],
  pytorch: [".pth", ".pt", ".bin"],
  onnx: [".onnx"],
};

export function addExport(program: Command, context: CliContext, finish: (exitCode: number) => void): void {
  program
    .command("export")
    .summary("write a model for PyTorch, timm, Hugging Face or ONNX")
    .description(
      "Writes the newest checkpoint of a run, or a checkpoint file, in another format. Names are those of the official " +
        "MAE code; what pre-training alone needs (segment embeddings, contrastive head) stays out of encoders. A run of " +
        "mixedae finetune is written as a classifier, with its head and the names of its classes.",
    )
    .argument("<run>", "folder that mixedae pretrain or finetune made, or a checkpoint file")
    .addOption(new Option("--format <name>", "format to write").choices(exportFormats).makeOptionMandatory())
    .requiredOption("--out <path>", "file to write; a folder for huggingface")
    .addOption(overwriteOption())
    .option("--encoder-only", "leave the decoder out; always so for timm and onnx")
    .option("--student", studentHelp)
    .option(
      "--image-size <pixels>",
      `resample the position embeddings for images of this size: ${sizeForm}`,
      imageSides,
    )
    .addOption(
      new Option("--pool <name>", "what the ONNX output embedding is (default: mean)").choices(["mean", "cls"]),
    )
    .addHelpText(
      "after",
      [
        "",
        "Formats:",
        "  safetensors  every tensor under its name, and a description of the model",
        "  pytorch      the same for torch.load, under model as in MAE's checkpoints",
        "  timm         the encoder's or classifier's state dict, .pth or .safetensors, for VisionTransformer",
        "  huggingface  a folder for ViTMAEForPreTraining or, without the decoder, ViTModel; a classifier that was",
        "               fine-tuned with --set pooling=cls for ViTForImageClassification",
        "  onnx         the encoder with positions and normalisation inside: pixel_values [batch, 3, H, W], RGB from 0",
        "               to 1 (or other channels), to last_hidden_state and embedding; a classifier's to logits [batch, classes], with the",
        "               names of the classes in the metadata. It is run and compared before it is written",
        "",
        "Examples:",
        "  mixedae export runs/first --format timm --out encoder.pth",
        "  mixedae export runs/first --format onnx --out encoder.onnx --pool cls",
        "  mixedae export runs/flowers --format onnx --out flowers.onnx   (a run of mixedae finetune)",
        "  mixedae export runs/first --format huggingface --out vit-mae-first",
        "  mixedae export mae-base.safetensors --format pytorch --out mae.pth --encoder-only --image-size 384",
      ].join("\n"),
    )
    .action(async (run: string, options: ExportOptions) => {
      if (!existsSync(run)) throw new UsageError(`There is no file or folder ${run}`);
      checkOptions(options);
      const { exportWeights } = await import("../exchange/export-weights.js");
      const { origin, files, written, leftOut, classes, difference, loadWith } = await new Waiting(
        new ProgressLine(context.stdout),
      ).during("Reading and writing weights", () => exportWeights(run, { ...options, warn: warnOn(context) }));
      const lines = [
        `${origin}: ${written.length} tensors`,
        ...(leftOut.length === 0 ? [] : [`Left out: ${shortened(leftOut).join(", ")}`]),
        ...(difference === undefined
          ? []
          : [`Run at batches of 1 and 3: relative difference to our own forward pass ${differenceText(difference)}`]),
        ...(classes === undefined ? [] : [`Classes, in the order of the outputs: ${firstOf(classes)}`]),
        `Wrote ${files.join(", ")}`,
        ...(loadWith === undefined ? [] : [`In Python: ${loadWith}`]),
      ];
      context.stdout.write(`${lines.map(printable).join("\n")}\n`);
      finish(0);
    });
}

/** The tensors of all blocks as one name. */
function shortened(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => name.replace(/blocks\..*/, "blocks.*")))];
}

const SHOWN_CLASSES = 20;

function firstOf(classes: readonly string[]): string {
  const others = classes.length - SHOWN_CLASSES;
  return [...classes.slice(0, SHOWN_CLASSES), ...(others > 0 ? [`and ${others} more`] : [])].join(", ");
}

function checkOptions({ format, out, pool }: ExportOptions): void {
  const allowed = extensions[format];
  if (allowed.length > 0 && !allowed.includes(extname(out))) {
    throw new UsageError(`--out: expected a name that ends in ${allowed.join(" or ")} for ${format}; found ${out}`);
  }
  if (pool !== undefined && format !== "onnx")
    throw new UsageError("--pool: only an ONNX file has an output embedding");
}

function differenceText(difference: number): string {
  return difference === 0 ? "none" : difference.toExponential(1);
}
