// Single images: what a patch attends to in each block and head, its likes in the other images, and reconstructions.

import { useState } from "preact/hooks";
import { type Head, letterOf, strengthsFrom, type UnpackedImages } from "./attention.js";
import { Letter } from "./group-images.js";
import { headName } from "./head-maps.js";
import { middleOf, usePatchKeys } from "./patch-keys.js";
import { Pixels } from "./pixels.js";

interface ImageViewProps {
  readonly found: UnpackedImages;
}

export function ImageView({ found }: ImageViewProps) {
  const { rows, columns, heads, blocks } = found;
  const [image, setImage] = useState(0);
  const [patch, setPatch] = useState(middleOf(found));
  const [block, setBlock] = useState(blocks.length - 1);
  const [head, setHead] = useState<Head>("all");
  const strengths = strengthsFrom(found, image, patch, block, head);
  const nearest = found.nearest[image * rows * columns + patch]!;
  const choices: Head[] = [...Array.from({ length: heads }, (_, each) => each), "all"];
  return (
    <div class="explore">
      <section class="panel mixture-panel" aria-labelledby="looked-at">
        <div class="panel-head">
          <h2 id="looked-at">
            Image {letterOf(image)}, block {block + 1}, {headName(head).toLowerCase()}
          </h2>
        </div>
        <p class="meaning">
          Point at a patch, touch it, or move with the arrow keys: the brighter another patch, the more it attends to
          it.
        </p>
        <AttentionMap found={found} image={image} patch={patch} strengths={strengths} onPatch={setPatch} />
        <div class="choices">
          <Choice
            name="Image"
            options={found.images.map((_, each) => each)}
            chosen={image}
            label={letterOf}
            onChoose={setImage}
          />
          <Choice
            name="Block"
            options={blocks.map((_, each) => each)}
            chosen={block}
            label={(each) => String(each + 1)}
            onChoose={setBlock}
          />
          <Choice name="Head" options={choices} chosen={head} label={headName} onChoose={setHead} />
        </div>
        <p class="said" role="status">
          {summary(found, patch, strengths)}
        </p>
      </section>
      <section class="panel heads-panel" aria-labelledby="nearest">
        <h2 id="nearest">Its nearest patches in the other images</h2>
        <p class="meaning">
          By the encoder's features, of all patches of the other images: the most alike is 1. What it takes for alike
          need not look alike.
        </p>
        <ul class="nearest">
          {found.images.map((data, each) =>
            each === image ? null : (
              <li key={each}>
                <Letter image={each} />
                <NearestMap found={found} data={data} image={each} nearest={nearest} />
              </li>
            ),
          )}
        </ul>
      </section>
      <Reconstructed found={found} image={image} />
    </div>
  );
}

interface AttentionMapProps extends ImageViewProps {
  readonly image: number;
  readonly patch: number;
  readonly strengths: readonly number[];
  readonly onPatch: (patch: number) => void;
}

function AttentionMap({ found, image, patch, strengths, onPatch }: AttentionMapProps) {
  const { columns, imageSize } = found;
  const { cells, onKeyDown } = usePatchKeys(found, patch, onPatch);
  return (
    <div class="mixture">
      <Pixels data={found.images[image]!} size={imageSize} label={`Image ${letterOf(image)}`} />
      <div ref={cells} class="cells" style={{ gridTemplateColumns: `repeat(${columns}, 1fr)` }}>
        {strengths.map((strength, place) => (
          <button
            key={place}
            type="button"
            class={`cell ${place === patch ? "self" : "other"}`}
            tabIndex={place === patch ? 0 : -1}
            aria-label={`Row ${Math.floor(place / columns) + 1}, column ${(place % columns) + 1}: ${Math.round(100 * strength)}% of the most`}
            aria-pressed={place === patch}
            style={{ "--veil": String(place === patch ? 0 : 0.82 * (1 - strength)) }}
            onPointerEnter={() => onPatch(place)}
            onFocus={() => onPatch(place)}
            onClick={() => onPatch(place)}
            onKeyDown={onKeyDown}
          />
        ))}
      </div>
    </div>
  );
}

interface ChoiceProps<Option> {
  readonly name: string;
  readonly options: readonly Option[];
  readonly chosen: Option;
  readonly label: (option: Option) => string;
  readonly onChoose: (option: Option) => void;
}

function Choice<Option extends number | string>({ name, options, chosen, label, onChoose }: ChoiceProps<Option>) {
  return (
    <fieldset class="choice" aria-label={name}>
      <span class="muted" aria-hidden="true">
        {name}
      </span>
      {options.map((option) => (
        <button key={option} type="button" aria-pressed={option === chosen} onClick={() => onChoose(option)}>
          {label(option).replace("Head ", "")}
        </button>
      ))}
    </fieldset>
  );
}

interface NearestMapProps extends ImageViewProps {
  readonly data: string;
  readonly image: number;
  readonly nearest: readonly number[];
}

/** An image with the patches marked that are among the nearest, by their order. */
function NearestMap({ found, data, image, nearest }: NearestMapProps) {
  const { rows, columns, imageSize } = found;
  const first = image * rows * columns;
  return (
    <div class="mixture">
      <Pixels data={data} size={imageSize} label={`Image ${letterOf(image)}`} />
      <div class="cells" style={{ gridTemplateColumns: `repeat(${columns}, 1fr)` }}>
        {Array.from({ length: rows * columns }, (_, place) => {
          const order = nearest.indexOf(first + place);
          return (
            <span
              key={place}
              class={`cell ${order === -1 ? "other" : "right"}`}
              style={{ "--veil": order === -1 ? "0.45" : "0" }}
            >
              {order !== -1 && <span class="sign">{order + 1}</span>}
            </span>
          );
        })}
      </div>
    </div>
  );
}

function Reconstructed({ found, image }: { readonly found: UnpackedImages; readonly image: number }) {
  const { reconstructed, images, imageSize } = found;
  if (reconstructed === null) return null;
  return (
    <section class="panel group" aria-labelledby="reconstructed">
      <h2 id="reconstructed">What the method is shown, and what it makes of that</h2>
      <p class="meaning">
        The encoder sees a part of each image here, as in training.
        {reconstructed.normPixels &&
          " Mean and contrast of each patch that it did not see are given to the picture; shapes are not."}
      </p>
      <ul>
        {images.map((original, place) => (
          <li key={place} class={place === image ? "own" : undefined}>
            <Letter image={place} />
            <div class="three">
              {(
                [
                  ["Original", original],
                  ["Shown", reconstructed.inputs[place]!],
                  ["Reconstruction", reconstructed.pictures[place]!],
                ] as const
              ).map(([name, data]) => (
                <figure key={name}>
                  <Pixels data={data} size={imageSize} label={`${name}, image ${letterOf(place)}`} />
                  <figcaption>{name}</figcaption>
                </figure>
              ))}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What the picture shows, in words. */
function summary({ columns }: UnpackedImages, patch: number, strengths: readonly number[]): string {
  const place = (each: number) => `row ${Math.floor(each / columns) + 1}, column ${(each % columns) + 1}`;
  const order = [...strengths.keys()].filter((each) => each !== patch).sort((a, b) => strengths[b]! - strengths[a]!);
  return `The patch in ${place(patch)} attends most, but for itself, to those in ${order.slice(0, 3).map(place).join("; ")}.`;
}
