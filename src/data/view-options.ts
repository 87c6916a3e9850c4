// Which views of each image a batch holds, as somebody asks for them and as they are drawn.

import type { ImageSides } from "./image-size.js";
import { parseTransform, type TransformOptions } from "./transform.js";
import type { ViewGroup } from "./view-group.js";

/** Views of each image that are drawn alike. */
export interface ViewOptions {
  /** By which the batch names them; no two groups have the same. */
  readonly name: string;
  /** How many there are of each image; default 1. */
  readonly count?: number;
  /** Default: the stream's. */
  readonly imageSize?: ImageSides;
  /** Default: the stream's. */
  readonly augmentation?: TransformOptions;
}

/** What holds for groups of views that say nothing else. */
export interface ViewDefaults {
  readonly imageSize: ImageSides;
  readonly channels: number;
  readonly augmentation?: TransformOptions | undefined;
}

/** Throws DataOptionError for a transform that makes no sense. */
export function viewGroups(
  views: readonly ViewOptions[],
  { imageSize, channels, augmentation = {} }: ViewDefaults,
): ViewGroup[] {
  return views.map((view) => {
    const sides = view.imageSize ?? imageSize;
    const transform = parseTransform(view.augmentation ?? augmentation, sides, channels);
    return { name: view.name, count: view.count ?? 1, imageSize: sides, channels, transform };
  });
}
