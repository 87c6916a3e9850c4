// Objects in images, by a trained detector: COCO's results of all, and a picture of each.

import { join } from "node:path";
import type { SkippedImage } from "../../data/index.js";
import { writeAtomically, writeJson } from "../../files/atomic-write.js";
import { channelsOf } from "../../nn/presets.js";
import { classColors } from "../../pictures/class-colors.js";
import { markedPicture } from "../../pictures/detection-sheet.js";
import { shownChannels } from "../../pictures/shown-channels.js";
import type { EventOptions } from "../../training/events.js";
import type { Warn } from "../../training/newest-checkpoint.js";
import { type EngineRequest, engineFor } from "../device.js";
import { type PredictionFiles, predictImages } from "../predict-images.js";
import { cocoResults, cocoRow } from "./coco-objects.js";
import { createImageDetector, type DetectedObject } from "./detect-image.js";
import { readDetectorModel } from "./detector-model.js";

/** Which images are searched by which model. */
export interface PredictObjectsRequest extends EngineRequest, PredictionFiles {
  /** A run of detection, or one of its checkpoints. */
  readonly from: string;
  /** Objects with a lower score are left out of pictures and counts; 0.3 by default. They are in the results. */
  readonly leastScore?: number | undefined;
  readonly warn?: Warn | undefined;
}

/** What was found in an image, the best first, and where its picture is. */
export interface PredictedObjects {
  readonly image: string;
  readonly picture: string;
  /** Those that are in the picture. */
  readonly objects: readonly { readonly name: string; readonly score: number; readonly box: readonly number[] }[];
}

/** What was found by what. Images that could not be read are in `skipped`. */
export interface PredictObjectsResult {
  readonly from: string;
  readonly classes: readonly string[];
  readonly images: readonly PredictedObjects[];
  readonly skipped: readonly SkippedImage[];
}

const RESULTS = "results.json";
const REPORT = "detection.json";
const LEAST_SCORE = 0.3;

/**
 * Writes results.json (COCO's results, images numbered from 1 in the order of detection.json), pictures/NAME.png and
 * detection.json. Throws OutputError where one of them is there already, SourceError where there is nothing at a path, and the
 * errors of `readDetectorModel`.
 */
export async function predictObjects(
  request: PredictObjectsRequest,
  options: EventOptions = {},
): Promise<PredictObjectsResult> {
  const { from, out, leastScore = LEAST_SCORE } = request;
  const found: object[] = [];
  let number = 0;
  const { opened, rows, skipped } = await predictImages(
    request,
    {
      verb: "searched",
      folders: ["pictures"],
      files: [REPORT, RESULTS],
      async open(progress) {
        const { waiting } = progress;
        const trained = await waiting.during("Reading the model", () => readDetectorModel(from, request.warn));
        const engine = await engineFor(request, trained.device, progress);
        const model = await waiting.duringBusy("Compiling the model", () => createImageDetector(trained, engine));
        const classes = trained.categories.map(({ name }) => name);
        const legend = { classes, colors: classColors(classes) };
        return { model, trained, channels: channelsOf(trained.shape.encoder), background: trained.background, legend };
      },
      async write({ path, image, predicted }, fileIn, { channels, legend, trained }) {
        number += 1;
        const ids = trained.categories.map(({ id }) => id);
        found.push(...cocoResults(predicted, number, ids).map(cocoRow));
        const { pixels, width, height } = image;
        const shown = predicted.filter(({ score }) => score >= leastScore);
        const picture = fileIn("pictures");
        const drawn = await markedPicture({ width, height, data: shownChannels(pixels, channels) }, shown, legend);
        await writeAtomically(picture, [drawn]);
        return { id: number, image: path, picture, objects: shown.map((each) => described(each, legend.classes)) };
      },
    },
    options,
  );
  const { origin, categories } = opened.trained;
  const result = { from: origin, classes: categories.map(({ name }) => name), images: rows, skipped };
  await writeJson(join(out, RESULTS), found);
  await writeJson(join(out, REPORT), { ...result, skipped: skipped.map(({ name, reason }) => ({ name, reason })) });
  return result;
}

function described({ label, score, box: [left, top, right, bottom] }: DetectedObject, classes: readonly string[]) {
  const box = [left, top, right - left, bottom - top].map((value) => Number(value.toFixed(2)));
  return { name: classes[label]!, score: Number(score.toFixed(6)), box };
}
