// What the page asks of one embedding.

import type { DuplicateImages, EmbeddingLayout, EmbeddingMap, SimilarImage } from "../../api.js";
import type { Connection } from "../connection.js";
import { formOf } from "../source.js";

export interface EmbeddingSource {
  map(): Promise<EmbeddingMap>;
  /** The layout that keeps near images near, after so many epochs. */
  layout(epoch: number): Promise<EmbeddingLayout>;
  similarTo(row: number): Promise<readonly SimilarImage[]>;
  similarToFile(file: File): Promise<readonly SimilarImage[]>;
  duplicates(threshold: number): Promise<DuplicateImages>;
  /** Small pictures in one, as `thumbnail-sheet.ts` says. */
  thumbnails(rows: readonly number[]): Promise<ImageBitmap>;
  picture(row: number): Promise<Blob>;
}

export function embeddingSource(connection: Connection, id: string): EmbeddingSource {
  const path = `embeddings/${id}`;
  return {
    map: () => connection.json(`${path}/map`),
    layout: (epoch) => connection.json(`${path}/layout?epoch=${epoch}`),
    similarTo: (row) => connection.json(`${path}/similar?row=${row}`),
    similarToFile: (file) => connection.json(`${path}/similar`, formOf([file])),
    duplicates: (threshold) => connection.json(`${path}/duplicates?threshold=${threshold}`),
    thumbnails: async (rows) => createImageBitmap(await connection.blob(`${path}/thumbnails?rows=${rows.join()}`)),
    picture: (row) => connection.blob(`${path}/pictures/${row}`),
  };
}
