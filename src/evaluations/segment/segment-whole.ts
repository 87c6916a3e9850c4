// Segmentation of whole images: each is computed at once, whatever its proportions.

import { renderRegion, type WholeImage } from "../../data/index.js";
import type { Binding, Engine } from "../../engine/index.js";
import { defineProgram, input } from "../../graph/index.js";
import { frozenSegmenter } from "../../heads/segmenter.js";
import { weightsOf } from "../../heads/weights.js";
import { ParameterScope } from "../../nn/parameters.js";
import { normalizePixels } from "../../nn/pixels.js";
import { channelsOf } from "../../nn/presets.js";
import type { ImageModel } from "../predict-all.js";
import { AverageScores } from "./average-scores.js";
import { type FrozenSegmenter, scaledSize } from "./segment-image.js";

/** Programs that are kept, each for one size of images. */
const MOST_PROGRAMS = 8;

/** A program for one size, with its arrays. */
interface SizedProgram {
  readonly pixels: Uint8Array;
  readonly scores: Float32Array;
  readonly binding: Binding;
}

/**
 * The shorter side of an image becomes the side that the model was trained with, and the whole image is computed at once
 * [mmsegmentation's "whole" mode]. A program is compiled for each size that comes.
 */
export function wholeImageSegmenter(
  { shape, normalization, weights }: FrozenSegmenter,
  engine: Engine,
): ImageModel<Uint8Array> {
  const channels = channelsOf(shape.encoder);
  const programs = new Map<string, Promise<SizedProgram>>();

  async function compile(width: number, height: number): Promise<SizedProgram> {
    const scope = new ParameterScope();
    const images = input("images", [1, height, width, channels], "uint8");
    const program = defineProgram("segmentation", {
      scores: frozenSegmenter(scope, shape)(normalizePixels(images, normalization)),
    });
    const pixels = new Uint8Array(height * width * channels);
    const scores = new Float32Array(shape.classes * height * width);
    const executable = await engine.compile(program);
    return {
      pixels,
      scores,
      binding: executable.bind({ ...weightsOf(scope.parameters, weights), images: pixels }, { scores }),
    };
  }

  function programFor(width: number, height: number): Promise<SizedProgram> {
    const key = `${width} x ${height}`;
    const known = programs.get(key);
    if (known !== undefined) return known;
    if (programs.size >= MOST_PROGRAMS) programs.delete(programs.keys().next().value!);
    const compiled = compile(width, height);
    programs.set(key, compiled);
    return compiled;
  }

  return {
    batch: 1,
    async *predict(given: readonly WholeImage[]) {
      for (const image of given) {
        const size = scaledSize(image, shape.imageSize);
        const { pixels, scores, binding } = await programFor(size.width, size.height);
        const region = { left: 0, top: 0, width: image.width, height: image.height };
        pixels.set(renderRegion(image, region, size, channels));
        await binding.run();
        const whole = new AverageScores(size, image);
        whole.add(scores, { top: 0, left: 0, ...size });
        yield whole.classes();
      }
    },
  };
}
