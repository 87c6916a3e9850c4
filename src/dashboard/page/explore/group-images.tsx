// The images of a mixture: as they are, what the encoder saw of each, and what the decoder makes of that.

import { letterOf, type Unpacked } from "./attention.js";
import { Pixels } from "./pixels.js";

interface GroupImagesProps {
  readonly found: Unpacked;
  /** Whose patch is looked at. */
  readonly image: number;
}

export function GroupImages({ found, image }: GroupImagesProps) {
  const { images, reconstructions, imageSize, patchSize, sources, grid } = found;
  const sourceAt = (x: number, y: number) => sources[Math.floor(y / patchSize) * grid + Math.floor(x / patchSize)];
  return (
    <section class="panel group" aria-labelledby="group-images">
      <h2 id="group-images">The images, and what is made of them</h2>
      <p class="meaning">
        The encoder sees a part of each image, mixed with the others. From this part the decoder reconstructs the whole.
      </p>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Image</th>
              <th scope="col">Original</th>
              <th scope="col">In the mixture</th>
              <th scope="col">Reconstruction</th>
            </tr>
          </thead>
          <tbody>
            {images.map((original, place) => (
              <tr key={place} class={place === image ? "own" : undefined}>
                <th scope="row">
                  <Letter image={place} />
                  {place === image && <span class="hidden"> of the patch that is looked at</span>}
                </th>
                <td>
                  <Pixels data={original} size={imageSize} label={`Image ${letterOf(place)}`} />
                </td>
                <td>
                  <Pixels
                    data={original}
                    size={imageSize}
                    label={`What the mixture shows of image ${letterOf(place)}`}
                    shows={(x, y) => sourceAt(x, y) === place}
                  />
                </td>
                <td>
                  <Pixels
                    data={reconstructions[place]!}
                    size={imageSize}
                    label={`Reconstruction of image ${letterOf(place)}`}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

export function Letter({ image }: { readonly image: number }) {
  return <span class={`letter line-${image % 8}`}>{letterOf(image)}</span>;
}
