// The explorer of a run: look at a patch, and see which others it attends to, or takes for parts of the same image.

import { useState } from "preact/hooks";
import type { RunRow } from "../../api.js";
import { addressOf, replaceRoute } from "../routes.js";
import type { Source } from "../source.js";
import { countText, pathParts } from "../words.js";
import { GivenImages } from "./given-images.js";
import { ImageView } from "./image-view.js";
import { MixtureView } from "./mixture-view.js";
import { useExploration } from "./use-exploration.js";

interface ExplorePageProps {
  readonly source: Source;
  readonly id: string;
  readonly seed: number;
  readonly segments: boolean;
  readonly row: RunRow | undefined;
  readonly theme: string;
}

/** Images of a mixture, where it is not known yet. */
const GROUP = 4;
/** Seeds that the button draws from; short ones are easy to pass on. */
const SEEDS = 10_000;

export function ExplorePage({ source, id, seed, segments, row, theme }: ExplorePageProps) {
  const [given, setGiven] = useState<readonly File[]>([]);
  const { found, isBusy, problem } = useExploration(source, id, seed, segments, given);
  const { before, last } = pathParts(row?.name ?? "");
  return (
    <main aria-busy={isBusy}>
      <p class="back">
        <a href={addressOf({ page: "run", id })}>← {last === "" ? "The run" : last}</a>
      </p>
      <div class="page-head">
        <div>
          <h1>{found?.kind === "images" ? "Image explorer" : "Mixture explorer"}</h1>
          <p class="muted">
            {before}
            {last}
            {found !== undefined &&
              `, checkpoint of step ${countText(found.step)}, ${found.kind === "mixture" ? "mixture" : "images"} ${found.seed}`}
            {given.length > 0 && `, of ${given.map(({ name }) => name).join(", ")}`}
          </p>
        </div>
        <div class="page-tools">
          {found !== undefined && found.segments !== null && (
            <label title="Learned vectors that tell the encoder which patches belong together. Without them it has to see it.">
              <input
                type="checkbox"
                checked={segments}
                onChange={() => replaceRoute({ page: "explore", id, seed, segments: !segments })}
              />{" "}
              Segment embeddings
            </label>
          )}
          <GivenImages given={given} most={found?.images.length ?? GROUP} onGive={setGiven} />
          <button
            type="button"
            disabled={isBusy}
            onClick={() => {
              location.hash = addressOf({ page: "explore", id, seed: Math.floor(Math.random() * SEEDS), segments });
            }}
          >
            ⤨ Shuffle
          </button>
        </div>
      </div>
      {found === undefined && <p class="empty">{problem || "Reading the checkpoint and images …"}</p>}
      {found?.kind === "mixture" && <MixtureView found={found} theme={theme} />}
      {found?.kind === "images" && <ImageView found={found} />}
    </main>
  );
}
