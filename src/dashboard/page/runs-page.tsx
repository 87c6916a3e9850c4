// All runs, and below them those that are selected, compared.

import { useState } from "preact/hooks";
import type { Overview, RunRow } from "../api.js";
import { ConfigTable } from "./config-table.js";
import { replaceRoute } from "./routes.js";
import { RunCharts } from "./run-charts.js";
import { RunTable } from "./run-table.js";
import type { Source } from "./source.js";
import { useDetails } from "./use-details.js";
import { methodName } from "./words.js";

interface RunsPageProps {
  readonly source: Source;
  readonly overview: Overview;
  readonly selected: readonly string[];
  readonly theme: string;
}

export function RunsPage({ source, overview, selected, theme }: RunsPageProps) {
  const [filter, setFilter] = useState("");
  const { runs, folders, notes } = overview;
  const shown = runs.filter((row) => isFound(row, filter));
  const chosen = selected.flatMap((id) => runs.find((row) => row.id === id) ?? []);
  const running = runs.filter(({ state }) => state === "running").length;
  const select = (ids: readonly string[]) => replaceRoute({ page: "runs", selected: ids });
  return (
    <main>
      <div class="page-head">
        <div>
          <h1>Runs</h1>
          <p class="muted">
            {runs.length} in {folders.join(", ")}
            {running > 0 && `, ${running} running`}
          </p>
        </div>
        <div class="page-tools">
          {selected.length > 0 && (
            <button type="button" onClick={() => select([])}>
              Clear selection
            </button>
          )}
          <input
            type="search"
            placeholder="Find runs"
            aria-label="Find runs by name, method, model or health"
            value={filter}
            onInput={({ currentTarget }) => setFilter(currentTarget.value)}
          />
        </div>
      </div>
      {notes.map((note) => (
        <p class="hint" key={note}>
          {note}
        </p>
      ))}
      {runs.length === 0 ? (
        <p class="empty">
          There are no runs yet. Start one: <code>mixedae pretrain photos --out runs/first</code>. It appears here by
          itself.
        </p>
      ) : (
        <RunTable runs={shown} selected={selected} onSelect={select} />
      )}
      {runs.length > 0 && shown.length === 0 && <p class="hint">No run matches “{filter}”.</p>}
      {chosen.length > 0 ? (
        <Comparison source={source} runs={chosen} theme={theme} />
      ) : (
        runs.length > 0 && <p class="hint">Select runs to compare their curves and configurations.</p>
      )}
    </main>
  );
}

function isFound({ name, method, model, health, state }: RunRow, filter: string): boolean {
  const text = [name, method, methodName(method), model, health.words, state].join(" ").toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

interface ComparisonProps {
  readonly source: Source;
  readonly runs: readonly RunRow[];
  readonly theme: string;
}

function Comparison({ source, runs, theme }: ComparisonProps) {
  const { details } = useDetails(
    source,
    runs.map(({ id }) => id),
    "",
  );
  const names = shortNames(runs.map(({ name }) => name));
  const charted = runs.map(({ id, step }, index) => ({ id, step, name: names[index]!, detail: details.get(id) }));
  const configured = charted.flatMap(({ name, detail }) => (detail ? [{ name, config: detail.config }] : []));
  return (
    <div class="comparison">
      <h2>{runs.length === 1 ? names[0] : `${runs.length} runs compared`}</h2>
      <RunCharts source={source} runs={charted} theme={theme} />
      {configured.length > 1 && <ConfigTable key={runs.length} runs={configured} />}
    </div>
  );
}

/** Paths without what all of them begin with. */
export function shortNames(names: readonly string[]): string[] {
  const split = names.map((name) => name.split("/"));
  const most = Math.min(...split.map(({ length }) => length)) - 1;
  let shared = 0;
  while (shared < most && new Set(split.map((parts) => parts[shared])).size === 1) shared++;
  return split.map((parts) => parts.slice(shared).join("/"));
}
