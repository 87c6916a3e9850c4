// Some of a source's images as a source of their own.

import { countOf, type ImageSource, type ImageTable } from "./image-source.js";
import { sharedName, shareNames } from "./shared-names.js";

/** The images with these indices, in this order: image i of the result is image `indices[i]` of `source`. */
export function selectImages(source: ImageSource, indices: ArrayLike<number>): ImageSource {
  const original = (index: number) => indices[index]!;
  return {
    ...source,
    count: indices.length,
    description: `${countOf(indices.length, "image")} of ${source.description}`,
    name: (index) => source.name(original(index)),
    label: (index) => source.label(original(index)),
    table: selectRows(source.table, indices),
  };
}

function selectRows(table: ImageTable, indices: ArrayLike<number>): ImageTable {
  switch (table.kind) {
    case "files": {
      const names = shareNames(Array.from(indices, (index) => sharedName(table.names, index)));
      return { ...table, names, stampRows: selectStamps(table, indices) };
    }
    case "archives": {
      const { archives, offsets, sizes } = table;
      const count = indices.length;
      const selected = {
        archives: new Uint32Array(new SharedArrayBuffer(4 * count)),
        offsets: new Float64Array(new SharedArrayBuffer(8 * count)),
        sizes: new Float64Array(new SharedArrayBuffer(8 * count)),
      };
      for (let row = 0; row < count; row++) {
        const index = indices[row]!;
        selected.archives[row] = archives[index]!;
        selected.offsets[row] = offsets[index]!;
        selected.sizes[row] = sizes[index]!;
      }
      return { ...table, ...selected, stampRows: selectStamps(table, indices) };
    }
    case "pixels": {
      const { pixels, width, height, channels } = table;
      const bytes = width * height * channels;
      const selected = new Uint8Array(new SharedArrayBuffer(indices.length * bytes));
      for (let row = 0; row < indices.length; row++) {
        selected.set(pixels.subarray(indices[row]! * bytes, (indices[row]! + 1) * bytes), row * bytes);
      }
      return { ...table, pixels: selected };
    }
  }
}

/** The stamps stay those of the whole set, so that what is learnt about an image is known there. */
function selectStamps({ stampRows }: { readonly stampRows?: Int32Array }, indices: ArrayLike<number>): Int32Array {
  const rows = new Int32Array(new SharedArrayBuffer(4 * indices.length));
  for (let i = 0; i < indices.length; i++) rows[i] = stampRows?.[indices[i]!] ?? indices[i]!;
  return rows;
}
