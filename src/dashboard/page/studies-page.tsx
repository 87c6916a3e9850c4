// All studies below the folders, and how far each is.

import type { Overview } from "../api.js";
import { addressOf } from "./routes.js";
import { agoText, countText } from "./words.js";

export function StudiesPage({ overview: { studies } }: { readonly overview: Overview }) {
  return (
    <main>
      <div class="page-head">
        <div>
          <h1>Studies</h1>
          <p class="muted">Several encoders, seeds and evaluations, compared.</p>
        </div>
      </div>
      {studies.length === 0 && (
        <p class="empty">
          There are no studies here. Run one: <code>mixedae study RECIPE.yaml --out studies/first</code>, or name the
          folders of finished ones: <code>mixedae dashboard runs studies</code>.
        </p>
      )}
      <ul class="studies">
        {studies.map(({ id, name, title, finished, total, problem, lastActive }) => (
          <li key={id}>
            <a href={addressOf({ page: "study", id })}>
              <h2>{title}</h2>
              <span class="muted">{name}</span>
              {problem === null ? (
                <span class="study-progress">
                  <progress max={total} value={finished} aria-label={`${finished} of ${total} jobs`} />
                  <span class="number">
                    {countText(finished)} of {countText(total)} jobs
                  </span>
                  <span class="muted">{agoText(lastActive, Date.now())}</span>
                </span>
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
