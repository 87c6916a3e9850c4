// What the model makes of a few images, step by step: a slider through the pictures of a run.

import { useEffect, useState } from "preact/hooks";
import type { Source } from "./source.js";
import { countText } from "./words.js";

interface PicturesProps {
  readonly source: Source;
  readonly run: string;
  /** Steps with a picture, in order. */
  readonly steps: readonly number[];
}

const PLAY_MILLISECONDS = 600;

export function Pictures({ source, run, steps }: PicturesProps) {
  // Null follows the newest.
  const [chosen, setChosen] = useState<number | null>(null);
  const [isPlaying, setPlaying] = useState(false);
  const index = chosen === null ? steps.length - 1 : Math.min(chosen, steps.length - 1);
  const step = steps[index]!;
  const address = usePicture(source, run, step);

  useEffect(() => {
    // The next ones are there when the slider comes to them.
    for (const next of [steps[index - 1], steps[index + 1]]) {
      if (next !== undefined) source.picture(run, next).catch(() => {});
    }
  }, [index, steps.length]);

  useEffect(() => {
    if (!isPlaying) return;
    const timer = setTimeout(() => setChosen((index + 1) % steps.length), PLAY_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [isPlaying, index, steps.length]);

  return (
    <section class="panel pictures" aria-labelledby="pictures">
      <div class="panel-head">
        <h2 id="pictures">Pictures</h2>
        <output class="muted number">
          after step {countText(step)} ({index + 1} of {steps.length})
        </output>
      </div>
      <div class="slider">
        <button
          type="button"
          onClick={() => setPlaying(!isPlaying)}
          disabled={steps.length < 2}
          aria-label={isPlaying ? "Pause" : "Play"}
        >
          {isPlaying ? "❚❚" : "▶"}
        </button>
        <input
          type="range"
          min="0"
          max={steps.length - 1}
          value={index}
          aria-label="Step of the picture"
          aria-valuetext={`step ${step}`}
          onInput={({ currentTarget }) => {
            const place = Number(currentTarget.value);
            setChosen(place === steps.length - 1 ? null : place);
          }}
        />
      </div>
      <p class="meaning">
        Each row is one image: as it is, what the encoder saw of it, and the reconstruction. Patches that the encoder
        saw are sharp; the others are the model's guess.
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keys */}
      <section class="sheet" tabIndex={0} aria-label="The picture">
        {address !== "" && <img src={address} alt={`Originals, inputs and reconstructions after step ${step}`} />}
      </section>
    </section>
  );
}

/** The last picture stays until the next one is there. */
function usePicture(source: Source, run: string, step: number): string {
  const [address, setAddress] = useState("");
  useEffect(() => {
    let isWanted = true;
    source.picture(run, step).then(
      (found) => isWanted && setAddress(found),
      () => {},
    );
    return () => {
      isWanted = false;
    };
  }, [source, run, step]);
  return address;
}
