// The images of a mixture: as they are, what the encoder saw of each, and what the decoder makes of that.

import { useMemo } from "preact/hooks";
import { letterOf, type Unpacked } from "./attention.js";
import { Pixels } from "./pixels.js";

interface GroupImagesProps {
  readonly found: Unpacked;
  /** Whose patch is looked at. */
  readonly image: number;
}

export function GroupImages({ found, image }: GroupImagesProps) {
  const { images, reconstructions, imageSize, patchSize, sources, columns, normPixels } = found;
  // The same functions until there is another mixture, so that pictures are not drawn anew.
  const shownOf = useMemo(() => {
    const sourceAt = (x: number, y: number) => sources[Math.floor(y / patchSize) * columns + Math.floor(x / patchSize)];
    return images.map((_, place) => (x: number, y: number) => sourceAt(x, y) === place);
  }, [found]);
  return (
    <section class="panel group" aria-labelledby="group-images">
      <h2 id="group-images">The images, and what is made of them</h2>
      <p class="meaning">
        The encoder sees a part of each image, mixed with the others. From this part the decoder reconstructs the whole.
        {normPixels && " Mean and contrast of each patch that it did not see are given to the picture; shapes are not."}
      </p>
      <ul>
        {images.map((original, place) => (
          <li key={place} class={place === image ? "own" : undefined}>
            <Letter image={place} /> {place === image && <span class="muted">looked at</span>}
            <div class="three">
              <figure>
                <Pixels data={original} size={imageSize} label={`Image ${letterOf(place)}`} />
                <figcaption>Original</figcaption>
              </figure>
              <figure>
                <Pixels
                  data={original}
                  size={imageSize}
                  label={`What the mixture shows of image ${letterOf(place)}`}
                  shows={shownOf[place]!}
                />
                <figcaption>In the mixture</figcaption>
              </figure>
              <figure>
                <Pixels
                  data={reconstructions[place]!}
                  size={imageSize}
                  label={`Reconstruction of image ${letterOf(place)}`}
                />
                <figcaption>Reconstruction</figcaption>
              </figure>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Letter({ image }: { readonly image: number }) {
  return <span class={`letter line-${image % 8}`}>{letterOf(image)}</span>;
}
