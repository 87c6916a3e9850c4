// An image that was chosen, on the map or from one's own files, and those that are most like it.

import { useEffect, useState } from "preact/hooks";
import type { SimilarImage } from "../../api.js";
import type { KnownAnswer } from "../use-answer.js";
import type { EmbeddingSource } from "./embedding-source.js";
import { ImageButton } from "./image-button.js";
import type { Thumbnails } from "./thumbnails.js";

/** A row of the embedding, or a file. */
export type Sought = { readonly row: number; readonly name: string; readonly class: string | null } | File;

interface SimilarImagesProps {
  readonly source: EmbeddingSource;
  readonly thumbnails: Thumbnails;
  readonly sought: Sought | undefined;
  readonly answer: KnownAnswer<readonly SimilarImage[]>;
  readonly onSelect: (row: number) => void;
}

export function SimilarImages({ source, thumbnails, sought, answer, onSelect }: SimilarImagesProps) {
  const { found, isBusy, problem } = answer;
  return (
    <section class="panel" aria-labelledby="similar" aria-busy={isBusy}>
      <h2 id="similar">Similar images</h2>
      {sought === undefined ? (
        <p class="meaning">
          Click an image of the map, or give one of your own, to find those that the encoder takes for most alike.
        </p>
      ) : (
        <figure class="sought">
          <Picture source={source} sought={sought} />
          <figcaption>
            <strong>{sought.name}</strong>
            {!(sought instanceof File) && sought.class !== null && <span class="muted">{sought.class}</span>}
          </figcaption>
        </figure>
      )}
      {problem !== "" && <p class="callout bad">{problem}</p>}
      {sought !== undefined && found !== undefined && (
        <>
          <p class="meaning">The most alike first, by cosine similarity; 1 is the same. The search is exact.</p>
          <ul class="image-grid">
            {found.map(({ row, name, similarity }) => (
              <li key={row}>
                <ImageButton thumbnails={thumbnails} row={row} name={name} isSelected={false} onSelect={onSelect}>
                  <span class="number muted">{similarity.toFixed(4)}</span>
                </ImageButton>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

/** The whole image; nothing where it cannot be read any more. */
function Picture({ source, sought }: { readonly source: EmbeddingSource; readonly sought: Sought }) {
  const [address, setAddress] = useState<string | null>(null);
  const key = sought instanceof File ? sought : sought.row;
  useEffect(() => {
    let made: string | undefined;
    let isWanted = true;
    const blob = sought instanceof File ? Promise.resolve(sought) : source.picture(sought.row);
    blob.then(
      (each: Blob) => {
        if (!isWanted) return;
        made = URL.createObjectURL(each);
        setAddress(made);
      },
      () => isWanted && setAddress(null),
    );
    return () => {
      isWanted = false;
      if (made !== undefined) URL.revokeObjectURL(made);
    };
  }, [source, key]);
  return <div class="picture">{address !== null && <img src={address} alt={sought.name} />}</div>;
}
