// npm run bench -- step | cost | convolution | dense | detections | embed | embed-memory | scale: measures, and prints a table or JSON.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type ModelPreset, modelPresets } from "#src/nn/presets.js";
import { benchConvolutions } from "./convolution.js";
import { benchCost } from "./cost.js";
import { benchDense } from "./dense.js";
import { benchDetections } from "./detections.js";
import { benchEmbedding, benchEmbeddingFiles } from "./embed.js";
import { benchEmbedMemory } from "./embed-memory.js";
import { benchScale } from "./scale.js";
import { benchSteps } from "./step.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    threads: { type: "string", default: "2" },
    rounds: { type: "string", default: "7" },
    "no-torch": { type: "boolean", default: false },
    images: { type: "string", default: resolve("node_modules/emoji-datasource-google/img/google/64") },
    models: { type: "string", default: "micro,tiny,small" },
    model: { type: "string", default: "base" },
    from: { type: "string", default: "scratch" },
    gflops: { type: "string" },
    batch: { type: "string", default: "64" },
    counts: { type: "string", default: "1000,100000" },
  },
});
const options = { threads: Number(values.threads), rounds: Number(values.rounds), torch: !values["no-torch"] };
const say = (line: string) => process.stderr.write(`${line}\n`);

const commands: Readonly<Record<string, () => Promise<readonly object[]>>> = {
  step: () => benchSteps(options, say),
  cost: () => benchCost({ ...options, model: modelNames(values.model)[0]! }, say),
  convolution: () => benchConvolutions(options),
  dense: () => benchDense(options, say),
  detections: async () => benchDetections(say),
  embed: async () => {
    const cached = await benchEmbedding({ ...options, models: modelNames(values.models) }, say);
    say(`embedding the files of ${values.images}`);
    return [...cached, await benchEmbeddingFiles(values.from, values.images, options.threads)];
  },
  scale: () =>
    benchScale(
      {
        rounds: options.rounds,
        ...(values.gflops && { gflops: Number(values.gflops) }),
        images: Number(values.batch),
      },
      say,
    ),
  "embed-memory": () =>
    benchEmbedMemory(values.from, values.images, values.counts.split(",").map(Number), options.threads),
};
const command = positionals.length === 1 ? commands[positionals[0]!] : undefined;
if (command === undefined) {
  say(
    [
      "usage: npm run bench -- step          training steps beside the engine's ceiling and PyTorch",
      "       npm run bench -- cost          a clean image with MAE, MixedAE and iBOT (--model base)",
      "       npm run bench -- convolution   convolutions and their gradients beside the engine's forward convolution",
      "       npm run bench -- detections    COCO's scores of 500,000 detections",
      "       npm run bench -- embed         embedding, cached and from files, beside ceiling, PyTorch and ONNX",
      "       npm run bench -- embed-memory  peak memory over few and many files (--counts 1000,100000)",
      "       npm run bench -- scale         several processes, what their sums cost, and what many machines may gain",
      "with   [--json] [--threads N] [--rounds N] [--no-torch] [--images FOLDER] [--from CHECKPOINT] [--models micro,base]",
    ].join("\n"),
  );
  process.exit(2);
}
const reports = await command();
if (values.json) process.stdout.write(`${JSON.stringify(reports, null, 2)}\n`);
else console.table(reports);

function modelNames(text: string): ModelPreset[] {
  const names = text.split(",");
  const unknown = names.find((name) => !(name in modelPresets));
  if (unknown === undefined) return names as ModelPreset[];
  say(`expected names of ${Object.keys(modelPresets).join(", ")}; found ${unknown}`);
  process.exit(2);
}
