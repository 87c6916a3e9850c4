// All embeddings below the folders.

import type { Overview } from "../../api.js";
import { addressOf } from "../routes.js";
import { agoText, countText } from "../words.js";

export function EmbeddingsPage({ overview: { embeddings } }: { readonly overview: Overview }) {
  return (
    <main>
      <div class="page-head">
        <div>
          <h1>Embeddings</h1>
          <p class="muted">Images as an encoder sees them: a map, similar images, near-duplicates.</p>
        </div>
      </div>
      {embeddings.length === 0 && (
        <p class="empty">
          There are no embeddings here. Make one beside your runs:{" "}
          <code>mixedae embed photos --from runs/first --out runs/photos.npy</code>
        </p>
      )}
      <ul class="studies">
        {embeddings.map(({ id, name, images, width, origin, source, problem, lastActive }) => (
          <li key={id}>
            <a href={addressOf({ page: "embedding", id, row: undefined })}>
              <h2>{name}</h2>
              {problem === null ? (
                <>
                  <span class="muted">{source.join(", ")}</span>
                  <span class="muted">by {origin}</span>
                  <span class="study-progress">
                    <span class="number">
                      {countText(images)} images, vectors of {width}
                    </span>
                    <span class="muted">{agoText(lastActive, Date.now())}</span>
                  </span>
                </>
              ) : (
                <span class="health warning">▲ {problem}</span>
              )}
            </a>
          </li>
        ))}
      </ul>
    </main>
  );
}
