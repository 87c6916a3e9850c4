// What the model makes of some images, as they are now.

import type { ReconstructedImage } from "../../../browser/index.js";
import { Pixels } from "../explore/pixels.js";
import { countText } from "../words.js";

interface ReconstructedProps {
  readonly step: number;
  readonly images: readonly ReconstructedImage[];
  readonly isMixed: boolean;
}

export function Reconstructed({ step, images, isMixed }: ReconstructedProps) {
  return (
    <section class="panel" aria-labelledby="reconstructed">
      <h2 id="reconstructed">What it reconstructs</h2>
      <p class="meaning">
        After step {countText(step)}: an image,{" "}
        {isMixed ? "the mixture it is hidden in" : "the part of it that is shown"}, and what the model makes of that.
      </p>
      <ul class="reconstructed">
        {images.map(({ original, input, reconstruction }, place) => (
          <li key={place}>
            <Pixels data={original.data} size={original} label={`Image ${place + 1}`} />
            <Pixels data={input.data} size={input} label={`Image ${place + 1}, as the encoder sees it`} />
            <Pixels data={reconstruction.data} size={reconstruction} label={`Image ${place + 1}, reconstructed`} />
          </li>
        ))}
      </ul>
    </section>
  );
}
