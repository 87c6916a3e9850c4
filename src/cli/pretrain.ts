// mixedae pretrain: from flags and files to a configuration, and from there to a run.

import { type Command, Option } from "commander";
import { parse as parseYaml } from "yaml";
import { type ConfigLayer, configKeys, layerFromAssignments, layerFromFile, resolveConfig } from "../config/config.js";
import { parseSizeWord } from "../data/image-size.js";
import { methodNames } from "../methods/registry.js";
import { modelPresetNames } from "../nn/presets.js";
import { collect, describeKey, verboseOption } from "./config-flags.js";
import { type CliContext, warnOn } from "./context.js";
import { pretrainSession, type SessionFlags } from "./run-session.js";

interface ConfigFlag {
  readonly flag: string;
  readonly path: string;
  /** Whether the default is not the same for all models. */
  readonly byModel?: boolean;
  readonly conflicts?: string;
}

const configFlags: readonly ConfigFlag[] = [
  { flag: "--method <name>", path: "method" },
  { flag: "--weights <run|file>", path: "weights" },
  { flag: "--model <name>", path: "model.preset" },
  { flag: "--image-size <pixels>", path: "model.imageSize", byModel: true },
  { flag: "--patch-size <pixels>", path: "model.patchSize", byModel: true },
  { flag: "--channels <n>", path: "model.channels" },
  { flag: "--epochs <n>", path: "schedule.epochs", byModel: true, conflicts: "steps" },
  { flag: "--steps <n>", path: "schedule.steps", byModel: true, conflicts: "epochs" },
  { flag: "--batch-size <n>", path: "schedule.batchSize", byModel: true },
  { flag: "--micro-batch <n>", path: "schedule.microBatch", byModel: true },
  { flag: "--seed <n>", path: "seed" },
  { flag: "--device <name>", path: "run.device" },
  { flag: "--threads <n>", path: "run.threads" },
  { flag: "--checkpoint-every <interval>", path: "run.checkpointEvery" },
  { flag: "--evaluate <source>", path: "evaluation.source" },
  { flag: "--evaluate-every <n>", path: "evaluation.every" },
];

export function addPretrain(program: Command, context: CliContext, finish: (exitCode: number) => void): void {
  const command = program
    .command("pretrain")
    .summary("pre-train on a folder of images")
    .description(
      "Pre-trains a vision transformer on images without labels. Everything about the run is written to the folder RUN.",
    )
    .argument("[source...]", "folders of images, image files, .tar shards, or a folder of IDX files")
    .requiredOption("--out <run>", "folder for the run; must not hold one yet");
  const keys = new Map(configKeys("mixedae").map((key) => [key.path, key]));
  for (const { flag, path, byModel, conflicts } of configFlags) {
    const { description, expected, default: fallback } = keys.get(path)!;
    const choices = /^one of |^a number of steps/.test(expected) ? `: ${expected}` : "";
    const option = new Option(flag, `${description}${choices} (default: ${byModel ? "by model" : fallback})`);
    command.addOption(conflicts === undefined ? option : option.conflicts(conflicts));
  }
  command
    .option("--config <file>", "YAML file with keys as listed below; several are allowed, later ones win", collect)
    .option("--set <path=value>", "sets any key listed below; overrides flags and files", collect)
    .addOption(verboseOption())
    .addHelpText("after", helpText)
    .action(async (sources: string[], flags: Record<string, unknown> & SessionFlags) => {
      const folder = String(flags.out);
      const layers = configLayers(sources, flags);
      const { pretrain } = await context.loadTraining();
      const { withWeightsLayer } = await import("../training/start-weights.js");
      const config = resolveConfig(await withWeightsLayer(layers, warnOn(context)));
      finish(await pretrainSession(context, folder, flags, (options) => pretrain(config, folder, options)));
    });
}

/** The layers that a command line stands for, weakest first; each flag is one of its own, so that errors name it. */
export function configLayers(sources: readonly string[], options: Readonly<Record<string, unknown>>): ConfigLayer[] {
  const files = (options.config as string[] | undefined) ?? [];
  const assignments = (options.set as string[] | undefined) ?? [];
  const layers = files.map(layerFromFile);
  if (sources.length > 0) {
    layers.push({ origin: "the command line", values: { source: sources.length === 1 ? sources[0] : sources } });
  }
  for (const { flag, path } of configFlags) {
    const option = new Option(flag);
    const value = options[option.attributeName()];
    if (typeof value !== "string") continue;
    const values = path.split(".").reduceRight<unknown>((inner, name) => ({ [name]: inner }), plainValue(value));
    layers.push({ origin: option.long!, values });
  }
  if (assignments.length > 0) layers.push(layerFromAssignments(assignments));
  return layers;
}

/** Numbers become numbers, and HEIGHTxWIDTH a list; all else stays the text that was typed, for the schema to judge. */
function plainValue(text: string): unknown {
  if (/^\d+x\d+$/i.test(text)) return parseSizeWord(text, Number.MAX_SAFE_INTEGER) ?? text;
  const value: unknown = /^[\d.+-]/.test(text) ? parseYaml(text) : text;
  return typeof value === "number" ? value : text;
}

function helpText(): string {
  const shared = configKeys("mixedae").filter(({ path }) => !path.startsWith("methodOptions."));
  return [
    "",
    "Examples:",
    "  mixedae pretrain photos --out runs/first",
    "  mixedae pretrain photos --out runs/base --model base --epochs 100 --batch-size 512 --checkpoint-every 30m",
    "  mixedae pretrain photos scans more-photos --out runs/all",
    "  mixedae pretrain shards-000.tar shards-001.tar --out runs/tar --method mae --steps 5000",
    "  mixedae pretrain scans --out runs/wide --image-size 64x128",
    "  mixedae pretrain photos --out runs/half --set methodOptions.mixingRatio=0.5 --set data.scale=[0.5,1]",
    "  mixedae pretrain --config runs/first/config.json --out runs/again --seed 1",
    "  mixedae pretrain photos --out runs/more --weights mae-base.safetensors --epochs 50",
    "  mixedae pretrain flowers/train --out runs/watched --evaluate flowers/test --evaluate-every 200",
    "",
    `Models: ${modelPresetNames.join(", ")}. Strongest first: --set, flags, the last --config, the model's defaults.`,
    "",
    "Keys for --config (nested) and --set (joined by dots), with the defaults of the model micro:",
    ...shared.flatMap(describeKey),
    ...methodNames.flatMap((method) => [
      "",
      `Keys of the method ${method}:`,
      ...configKeys(method)
        .filter(({ path }) => path.startsWith("methodOptions."))
        .flatMap(describeKey),
    ]),
  ].join("\n");
}
