// Image files that somebody gives to the page: computed with, and kept nowhere.

import type { Context } from "hono";
import { type ReadImage, type ReadOptions, readImages } from "../data/index.js";
import { printable } from "../terminal/printable.js";
import { UnanswerableError } from "./background/unanswerable-error.js";

export interface GivenImage {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Name and bytes of each in a request's form; undefined where it holds anything else. */
export async function imagesInForm(context: Context): Promise<GivenImage[] | undefined> {
  try {
    const files = (await context.req.formData()).getAll("image");
    if (files.some((file) => typeof file === "string")) return undefined;
    return await Promise.all(
      (files as File[]).map(async (file) => ({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) })),
    );
  } catch {
    return undefined;
  }
}

/** Throws UnanswerableError where one cannot be read. */
export function readGivenImages(given: readonly GivenImage[], reading: ReadOptions): Promise<ReadImage[]> {
  return readImages(
    given.map(({ bytes }) => bytes),
    {
      ...reading,
      onSkip: ({ index, reason }) => {
        throw new UnanswerableError(
          `Expected images; ${printable(given[index]!.name)} cannot be read: ${reason}. Give another one.`,
        );
      },
    },
  );
}
