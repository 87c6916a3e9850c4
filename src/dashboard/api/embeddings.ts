// What the server tells of embeddings: their maps, similar images, near-duplicates.

/** A line of the list of embeddings: what `mixedae embed` wrote. */
export interface EmbeddingRow {
  readonly id: string;
  readonly name: string;
  /** Vectors, one an image. */
  readonly images: number;
  readonly width: number;
  readonly pooling: string;
  /** The checkpoint that they were made with, in words. */
  readonly origin: string;
  /** Where the images are from. */
  readonly source: readonly string[];
  /** Where it cannot be read, why. */
  readonly problem: string | null;
  readonly lastActive: string | null;
}

/** The images of an embedding as a map: what is near is alike. Places are base64 of float32 [images, 2]. */
export interface EmbeddingMap {
  /** Of the images on the map, their rows in the embedding, in order: all of them, or some that were drawn at random. */
  readonly rows: readonly number[];
  readonly names: readonly string[];
  /** Places in `classes`; null for an image without a class. */
  readonly labels: readonly (number | null)[];
  readonly classes: readonly string[] | null;
  /** Along the two directions in which the vectors differ most. */
  readonly places: string;
  /** The share of all variance that each of the two explains. */
  readonly explained: readonly number[];
  /** Epochs of the layout that keeps near ones near; 0 where there are too few images for one. */
  readonly epochs: number;
}

/** That layout as it is after some epochs. */
export interface EmbeddingLayout {
  readonly epoch: number;
  readonly epochs: number;
  readonly places: string;
}

export interface EmbeddedImage {
  readonly row: number;
  readonly name: string;
  readonly class: string | null;
}

/** An image and how like another one it is: cosine similarity. */
export interface SimilarImage extends EmbeddedImage {
  readonly similarity: number;
}

export interface DuplicateImages {
  /** How many groups there are; those with the closest images are told. */
  readonly count: number;
  readonly groups: readonly DuplicateGroup[];
}

export interface DuplicateGroup {
  /** Of the closest two. */
  readonly similarity: number;
  /** How many images it has; the first of them are told. */
  readonly count: number;
  readonly images: readonly EmbeddedImage[];
}
