// Whether a frozen encoder finds the patches of one image within a mixture of several: by what it sees in them alone.

import type { Engine } from "../../engine/index.js";
import { constant } from "../../graph/index.js";
import { createImageProgram } from "../../heads/image-program.js";
import { comparedPatches, homologousChance, homologousShare, mixPixels } from "../../heads/recognition.js";
import { unitLength } from "../../methods/feature-spread.js";
import { drawAssignment } from "../../methods/mixing.js";
import { type EncoderShape, imageValues, patchCount } from "../../nn/presets.js";
import { visionTransformer } from "../../nn/vision-transformer.js";
import { randomStream } from "../../random/index.js";
import type { EventOptions } from "../../training/events.js";
import type { PretrainedModel } from "../../training/pretrained.js";
import { engineFor } from "../device.js";
import { EvaluationError } from "../errors.js";
import { type HeldOutRequest, openHeldOut } from "../held-out-images.js";
import { ImageProgress } from "../image-progress.js";
import { type EncoderRequest, fingerprint, openModel } from "../model.js";

/** The seed also says which images are mixed, and how. */
export interface RecognitionRequest extends EncoderRequest, HeldOutRequest {}

/** How well patches of a mixture find those of the same image. */
export interface RecognitionReport {
  readonly task: "recognition";
  readonly from: string;
  readonly fingerprint: string;
  /** As many mixtures as images. */
  readonly test: { readonly source: string | readonly string[]; readonly images: number };
  readonly seed: number;
  readonly detail: {
    /** Of the patches that are most like a patch, the share from its own image; and what guessing gives. */
    readonly homologous: number;
    readonly chance: number;
    /** How many patches are compared with each. */
    readonly compared: number;
  };
}

/** Images of a mixture. */
const GROUP = 4;

/**
 * Mixes held-out images in fours, each patch of each image in one mixture, and asks how many of the patches whose
 * features are nearest, by cosine after the final norm, are of a patch's own image. The encoder is the one that is
 * transferred: it has no segment embeddings, so nothing but what the patches show tells which of them belong together
 * (our protocol). Throws EvaluationError where there are too few images or patches, and the errors of `openModel`.
 */
export async function evaluateRecognition(
  request: RecognitionRequest,
  options: EventOptions = {},
): Promise<RecognitionReport> {
  const { test, seed = 0 } = request;
  const progress = ImageProgress.of(options);
  const model = await progress.waiting.during("Reading the encoder", () => openModel(request));
  const patches = patchCount(model.shape);
  const compared = comparedPatches(patches, GROUP);
  if (compared < 1) {
    throw new EvaluationError({
      expected: `an encoder of at least ${2 * GROUP} patches an image, for mixtures of ${GROUP} images`,
      found: `${model.origin}, which has ${patches}`,
      remedy: "Leave this evaluation out",
    });
  }
  const engine = await engineFor(request, model.device, progress);
  const program = await progress.waiting.duringBusy("Compiling the encoder", () =>
    nearestPatches(model, compared, engine),
  );
  const heldOut = await openHeldOut(request);
  const groups = Math.max(1, Math.floor(Math.min(program.batch, heldOut.count) / GROUP));
  let [homologous, chance, count] = [0, 0, 0];
  for await (const pixels of heldOut.batches(model, groups * GROUP, progress)) {
    const mixtures = mixturesOf(pixels, model.shape, { seed, firstGroup: count / GROUP });
    for (let first = 0; first < mixtures.length; first += program.batch) {
      const part = mixtures.slice(first, first + program.batch);
      const { nearest } = await program.run(Buffer.concat(part.map((mixture) => mixture.pixels)));
      const perMixture = patches * compared;
      for (const [place, { sources }] of part.entries()) {
        homologous += homologousShare(nearest.subarray(place * perMixture, (place + 1) * perMixture), sources);
        chance += homologousChance(sources);
      }
    }
    count += mixtures.length;
  }
  return {
    task: "recognition",
    from: model.origin,
    fingerprint: fingerprint(model),
    test: { source: test, images: count },
    seed,
    detail: { homologous: homologous / count, chance: chance / count, compared },
  };
}

interface Mixture {
  readonly pixels: Uint8Array;
  /** Which image of the group supplies each patch. */
  readonly sources: Int32Array;
}

/** Each group of images gives as many mixtures, in which every patch of every image comes once. */
function mixturesOf(
  pixels: Uint8Array,
  shape: EncoderShape,
  { seed, firstGroup }: { readonly seed: number; readonly firstGroup: number },
): Mixture[] {
  const groupBytes = GROUP * imageValues(shape);
  return Array.from({ length: pixels.length / groupBytes }, (_, number) => {
    const group = pixels.subarray(number * groupBytes, (number + 1) * groupBytes);
    const stream = randomStream(seed, "mixtures", 0, firstGroup + number);
    const assignment = drawAssignment(stream, patchCount(shape), GROUP);
    return Array.from({ length: GROUP }, (_, turn): Mixture => {
      const sources = assignment.map((source) => (source + turn) % GROUP);
      return { pixels: mixPixels(group, sources, shape), sources };
    });
  }).flat();
}

/** Mixtures to the places of the patches nearest to each patch: [batch, patches * compared]. */
function nearestPatches({ shape, normalization, tensors }: PretrainedModel, compared: number, engine: Engine) {
  return createImageProgram(
    {
      name: "nearest-patches",
      shape,
      normalization,
      weights: tensors,
      outputs: (scope, images) => {
        const unit = unitLength(visionTransformer(scope, shape)(images).patches).transpose([1, 0, 2]);
        const [batch, patches] = unit.shape as [number, number, number];
        const isSelf = constant(
          Array.from({ length: patches ** 2 }, (_, pair) => (pair % (patches + 1) === 0 ? 1 : 0)),
          [patches, patches],
          "bool",
        );
        const likeness = isSelf.select(Number.NEGATIVE_INFINITY, unit.matmul(unit.transpose([0, 2, 1])));
        return {
          nearest: likeness
            .topK(compared)
            .indices.cast("float32")
            .reshape([batch, patches * compared]),
        };
      },
    },
    engine,
  );
}
