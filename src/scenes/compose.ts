// A set of composed scenes on disk, in ADE20K's and COCO's layouts at once; killed, it goes on where it was.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { EvaluationError } from "../evaluations/errors.js";
import type { ImageProgress } from "../evaluations/image-progress.js";
import { jsonText, writeAtomically } from "../files/atomic-write.js";
import { LARGEST_LIST, readText } from "../files/regular-file.js";
import { makeFolder } from "../files/storage.js";
import { OutputError } from "../training/errors.js";
import { makeOutputFolder, refuseAmongImages } from "../training/outputs.js";
import { type CocoAnnotation, classMask, cocoAnnotations, cocoFile } from "./annotations.js";
import { composeScene, mainLabel, type Scene } from "./compose-scene.js";
import { contactSheet } from "./contact-sheet.js";
import { type Cutout, type CutoutSets, openCutouts, type SceneSplit } from "./cutouts.js";

/** Which scenes are composed of which cut-outs, and where to. `imageSize` is in pixels. */
export interface ComposeRequest {
  readonly cutouts: string;
  readonly labels?: string;
  readonly out: string;
  readonly seed: number;
  readonly imageSize: number;
  readonly objects: readonly [number, number];
  readonly counts: Readonly<Record<SceneSplit, number>>;
}

/** Whom composing tells what it does, and who may stop it. */
export interface ComposeHooks {
  readonly progress: ImageProgress;
  /** Asked after each scene: true ends the composing in order. */
  readonly stopRequested: () => boolean;
  /** Aborted by the same request: ends with its reason the reading of the cut-outs. */
  readonly signal?: AbortSignal;
}

/** What was composed. */
export interface ComposeSummary {
  readonly outcome: "finished" | "stopped";
  readonly classes: readonly string[];
  readonly scenes: number;
  readonly objects: number;
  /** Cut-outs that each split is made of. */
  readonly cutouts: Readonly<Record<SceneSplit, number>>;
  readonly skipped: CutoutSets["skipped"];
}

/** What a set has in its folder beside its description. */
const SET_NAMES = [
  "images",
  "annotations",
  "instances_training.json",
  "instances_validation.json",
  "classes.txt",
  "contact-sheet.png",
];

const SPLITS = ["training", "validation"] as const;
const VALIDATION_SHARE = 0.2;
/** Scenes in work at once: decoding and encoding run on other threads. */
const LANES = 4;
const SHEET_SCENES = 24;

/**
 * Writes images/SPLIT/CLASS/NUMBER.png, annotations/SPLIT/CLASS/NUMBER.png, instances_SPLIT.json, classes.txt,
 * scenes.json and contact-sheet.png. A scene's folder is the class that shows most. Throws OutputError where the folder
 * lies among the cut-outs or holds other files with these names, EvaluationError where it holds scenes of another
 * request, SourceError for wrong cut-outs, StorageError.
 */
export async function composeScenes(request: ComposeRequest, hooks: ComposeHooks): Promise<ComposeSummary> {
  const { cutouts, labels, out, seed, counts } = request;
  refuseAmongImages(out, [cutouts], { filled: [join(out, "images"), join(out, "annotations")] });
  const known = await hooks.progress.waiting.during("Reading the cut-outs", (onProgress) =>
    openCutouts({
      folder: cutouts,
      seed,
      validationShare: VALIDATION_SHARE,
      onProgress,
      ...(labels !== undefined && { labels }),
      ...(hooks.signal && { signal: hooks.signal }),
    }),
  );
  await keepDescription(request, known);
  const total = counts.training + counts.validation;
  let done = 0;
  let objects = 0;
  hooks.progress.begin("composed", total);
  try {
    for (const split of SPLITS) {
      const written = await composeSplit(split, request, known, hooks, () => hooks.progress.update(++done));
      if (written === undefined) return summary("stopped");
      objects += written;
    }
  } finally {
    hooks.progress.end();
  }
  await writeAtomically(join(out, "classes.txt"), [Buffer.from(`${known.classes.join("\n")}\n`)]);
  return summary("finished");

  function summary(outcome: ComposeSummary["outcome"]): ComposeSummary {
    const { training, validation } = known.sets;
    const { classes, skipped } = known;
    const sizes = { training: training.length, validation: validation.length };
    return { outcome, classes, scenes: done, objects, cutouts: sizes, skipped };
  }
}

/** The number of its objects; undefined where it was stopped. */
async function composeSplit(
  split: SceneSplit,
  request: ComposeRequest,
  { classes, sets }: CutoutSets,
  hooks: ComposeHooks,
  onScene: () => void,
): Promise<number | undefined> {
  const { out, imageSize, counts } = request;
  const count = counts[split];
  const annotations = new Map<number, CocoAnnotation[]>();
  const names: { id: number; name: string }[] = [];
  const shown: Scene[] = [];
  let next = 0;
  const work = async () => {
    while (next < count && !hooks.stopRequested()) {
      const index = next++;
      const scene = await composeScene(sets[split], split, index, request);
      const name = `${folderName(classes[mainLabel(scene)]!)}/${String(index + 1).padStart(8, "0")}.png`;
      await writeScene(scene, join(out, "images", split, name), join(out, "annotations", split, name), imageSize);
      names[index] = { id: index + 1, name };
      annotations.set(index, cocoAnnotations(scene, imageSize, index + 1, 0));
      if (index < SHEET_SCENES) shown[index] = scene;
      onScene();
    }
  };
  await Promise.all(Array.from({ length: LANES }, work));
  if (names.filter((each) => each !== undefined).length < count) return undefined;
  const numbered = Array.from({ length: count }, (_, index) => annotations.get(index)!)
    .flat()
    .map((each, place) => ({ ...each, id: place + 1 }));
  const file = cocoFile(imageSize, classes, names, numbered);
  await writeAtomically(join(out, `instances_${split}.json`), [Buffer.from(`${file}\n`)]);
  if (split === "training")
    await writeAtomically(join(out, "contact-sheet.png"), [await contactSheet(shown, imageSize)]);
  return numbered.length;
}

/** The image last: where it is, both are. What a former process wrote is the same, and stays. */
async function writeScene(scene: Scene, imagePath: string, maskPath: string, size: number): Promise<void> {
  if (existsSync(imagePath)) return;
  for (const path of [imagePath, maskPath]) await makeFolder(dirname(path));
  const encode = (data: Uint8Array, channels: 1 | 3) =>
    sharp(data, { raw: { width: size, height: size, channels } })
      .toColourspace(channels === 1 ? "b-w" : "srgb")
      .png({ compressionLevel: 9 })
      .toBuffer();
  await writeAtomically(maskPath, [await encode(classMask(scene), 1)]);
  await writeAtomically(imagePath, [await encode(scene.pixels, 3)]);
}

/** scenes.json says how the set is made; a folder that was made otherwise is refused. */
async function keepDescription(request: ComposeRequest, { classes, sets }: CutoutSets): Promise<void> {
  const { out, seed, imageSize, objects, counts } = request;
  const list = (cutouts: readonly Cutout[]) =>
    cutouts.map(({ path, label }) => `${label} ${path.split(/[\\/]/).at(-1)}`);
  const cutouts = { training: list(sets.training), validation: list(sets.validation) };
  const text = jsonText({ seed, imageSize, objects, counts, classes, cutouts });
  const path = join(out, "scenes.json");
  if (existsSync(path) && readText(path, LARGEST_LIST) !== text) {
    throw new EvaluationError({
      expected: `a new folder, or one with scenes of the same cut-outs and options`,
      found: `others, as ${path} says`,
      remedy: "Choose another folder with --out",
    });
  }
  const foreign = existsSync(path)
    ? undefined
    : SET_NAMES.map((name) => join(out, name)).find((each) => existsSync(each));
  if (foreign !== undefined) {
    throw new OutputError({
      expected: "a folder for the scenes that is new, or in which nothing has the names of a set",
      found: `${foreign}, which is not of scenes composed here`,
      remedy: "Choose another folder with --out",
    });
  }
  await makeOutputFolder(out);
  await writeAtomically(path, [Buffer.from(text)]);
}

function folderName(className: string): string {
  return className
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}
