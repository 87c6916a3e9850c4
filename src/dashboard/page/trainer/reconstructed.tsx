// What the model makes of some images, as they are now.

import { useEffect, useRef } from "preact/hooks";
import type { ReconstructedImage } from "../../../browser/index.js";
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
            <Picture picture={original} label={`Image ${place + 1}`} />
            <Picture picture={input} label={`Image ${place + 1}, as the encoder sees it`} />
            <Picture picture={reconstruction} label={`Image ${place + 1}, reconstructed`} />
          </li>
        ))}
      </ul>
    </section>
  );
}

interface PictureProps {
  readonly picture: ReconstructedImage["original"];
  readonly label: string;
}

function Picture({ picture: { width, height, data }, label }: PictureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current!.getContext("2d")!;
    const image = context.createImageData(width, height);
    for (let pixel = 0; pixel < width * height; pixel++) {
      for (let channel = 0; channel < 3; channel++) image.data[4 * pixel + channel] = data[3 * pixel + channel]!;
      image.data[4 * pixel + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  }, [data, width, height]);
  return <canvas ref={canvas} class="pixels" width={width} height={height} role="img" aria-label={label} />;
}
