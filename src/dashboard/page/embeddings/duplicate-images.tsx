// Groups of images that are nearly the same, from the closest on.

import { useState } from "preact/hooks";
import { useAnswer } from "../use-answer.js";
import type { EmbeddingSource } from "./embedding-source.js";
import { ImageButton } from "./image-button.js";
import type { Thumbnails } from "./thumbnails.js";

interface DuplicateImagesProps {
  readonly source: EmbeddingSource;
  readonly thumbnails: Thumbnails;
  readonly selected: number | undefined;
  readonly onSelect: (row: number) => void;
}

const thresholds = [0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999];
/** As of `mixedae duplicates`. */
const USUAL_THRESHOLD = 0.999;

export function DuplicateImages({ source, thumbnails, selected, onSelect }: DuplicateImagesProps) {
  const [isAsked, setIsAsked] = useState(false);
  const [threshold, setThreshold] = useState(USUAL_THRESHOLD);
  const ask = isAsked ? () => source.duplicates(threshold) : undefined;
  const { found, isBusy, problem } = useAnswer(ask, [source, isAsked, threshold]);
  return (
    <section class="panel" aria-labelledby="duplicates" aria-busy={isBusy}>
      <div class="panel-head">
        <h2 id="duplicates">Near-duplicates</h2>
        <div class="panel-tools">
          <label>
            Similarity of at least{" "}
            <select value={threshold} onChange={({ currentTarget }) => setThreshold(Number(currentTarget.value))}>
              {thresholds.map((each) => (
                <option key={each} value={each}>
                  {each}
                </option>
              ))}
            </select>
          </label>
          {!isAsked && (
            <button type="button" onClick={() => setIsAsked(true)}>
              Find them
            </button>
          )}
        </div>
      </div>
      <p class="meaning" role="status">
        {isBusy
          ? "Comparing every image with every other …"
          : found === undefined
            ? "Images that are linked by so large a similarity, directly or through others."
            : saidOf(found.count, found.groups.length)}
      </p>
      {problem !== "" && <p class="callout bad">{problem}</p>}
      <ol class="duplicate-groups">
        {found?.groups.map(({ similarity, count, images }) => (
          <li key={images[0]!.row}>
            <span class="muted number">
              {count} images, {similarity.toFixed(5)}
            </span>
            <ul class="image-grid">
              {images.map(({ row, name }) => (
                <li key={row}>
                  <ImageButton
                    thumbnails={thumbnails}
                    row={row}
                    name={name}
                    isSelected={row === selected}
                    onSelect={onSelect}
                  />
                </li>
              ))}
            </ul>
            {count > images.length && <span class="muted">and {count - images.length} more</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}

function saidOf(count: number, told: number): string {
  if (count === 0) return "None are so alike.";
  const groups = count === 1 ? "One group" : `${count} groups`;
  return told < count ? `${groups}; the closest ${told} are shown.` : `${groups}, the closest first.`;
}
