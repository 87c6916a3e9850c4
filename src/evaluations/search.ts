// The images of an embedding that are nearest to given ones, as a list and as a contact sheet.

import { basename } from "node:path";
import { readImages } from "../data/index.js";
import { openEngine } from "../engine/index.js";
import { writeAtomically } from "../files/atomic-write.js";
import { findNeighbours } from "../heads/neighbours.js";
import { renderSheet, type SheetPicture } from "../pictures/sheet.js";
import type { Warn } from "../training/newest-checkpoint.js";
import { prepareOutputs } from "../training/outputs.js";
import { EvaluationError } from "./errors.js";
import { type FeatureFiles, openFeatures } from "./feature-files.js";
import type { FeatureLine } from "./feature-lines.js";
import { openQueryEncoder } from "./query-encoder.js";
import { readSheetFiles, readSheetImages, type SheetView } from "./sheet-images.js";

/** Which images are looked for among which features. */
export interface SearchRequest {
  /** The .npy file of `mixedae embed`. */
  readonly features: string;
  readonly queries: readonly string[];
  /** How many images to find for each; 12 by default. */
  readonly top?: number;
  /** The encoder; by default that which the features were made with. */
  readonly from?: string;
  /** A PNG file to draw. */
  readonly sheet?: string;
  /** Whether the sheet may replace a file that is there already; by default that is refused. */
  readonly overwrite?: boolean | undefined;
  /** Threads of the engine; 0, the default, means one a physical core. */
  readonly threads?: number;
  /** Called where the encoder's newest checkpoint is damaged and an older one is taken. */
  readonly warn?: Warn | undefined;
}

/** An image that was found. */
export interface Match extends FeatureLine {
  /** Cosine similarity, from -1 to 1. */
  readonly similarity: number;
}

/** The images that are most like one. */
export interface SearchResult {
  readonly query: string;
  /** The nearest first. */
  readonly matches: readonly Match[];
}

/**
 * One result for each query. Throws OutputError where the sheet has the name of a file or would become an image of the
 * set, EvaluationError and the errors of the parts.
 */
export async function search(request: SearchRequest): Promise<SearchResult[]> {
  const files = openFeatures(request.features);
  try {
    const { description } = files;
    if (description.count === 0) {
      throw new EvaluationError({
        expected: `at least one image in ${request.features}`,
        found: `none of ${description.images} could be read when they were embedded`,
        remedy: "Embed images that can be read",
      });
    }
    const { queries, sheet, overwrite, threads, top = 12 } = request;
    if (sheet !== undefined) {
      await prepareOutputs([sheet], { overwrite, inputs: queries, sources: [description.source] });
    }
    const encoder = await openQueryEncoder(request.features, description, request);
    const vectors = await encoder.embed(await readImages(queries, encoder.reading));
    const engine = openEngine({ threads });
    const neighbours = await findNeighbours(files.vectors, vectors, { k: top, engine });
    const lines = await files.lines(neighbours.indices);
    const results = queries.map((query, row) => {
      const [start, end] = [row * neighbours.k, (row + 1) * neighbours.k];
      const matches = lines
        .slice(start, end)
        .map((line, rank) => ({ ...line, similarity: neighbours.similarities[start + rank]! }));
      return { query, matches };
    });
    if (sheet !== undefined) await writeAtomically(sheet, [await sheetOf(files, results, encoder.reading)]);
    return results;
  } finally {
    files.close();
  }
}

/** A row for each query: itself, then its matches. */
async function sheetOf({ description }: FeatureFiles, results: readonly SearchResult[], view: SheetView) {
  const shown = results.flatMap(({ matches }) => matches);
  const pictures = await readSheetImages(description, shown, view);
  const queries = await readSheetFiles(
    results.map(({ query }) => query),
    view,
  );
  const rows = results.map(({ query, matches }, row): (SheetPicture | null)[] => [
    { ...queries[row]!, labels: [basename(query)] },
    ...matches.map(({ index, name, similarity, class: label }) => {
      const picture = pictures.get(index);
      const nearness = similarity.toFixed(4);
      const labels = [name, label === undefined ? nearness : `${nearness}  ${label}`];
      return picture === undefined ? null : { ...picture, labels };
    }),
  ]);
  const titles = ["query", ...(results[0]?.matches ?? []).map((_, rank) => String(rank + 1))];
  return renderSheet({ titles, rows, caption: `nearest images, ${basename(description.origin)}` });
}
