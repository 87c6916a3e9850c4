// One run as the server knows it now.

import type { RunRow } from "../api.js";
import { addressOf } from "./routes.js";
import { RunView } from "./run-view.js";
import type { Source } from "./source.js";
import { useDetails } from "./use-details.js";

interface RunPageProps {
  readonly source: Source;
  readonly id: string;
  /** Undefined where there is no such run, or no longer. */
  readonly row: RunRow | undefined;
  readonly theme: string;
}

export function RunPage({ source, id, row, theme }: RunPageProps) {
  // Of a run that goes on, more may be known with every look at it.
  const stamp = row === undefined ? "" : `${row.state} ${row.step} ${row.health.words}`;
  const { details, problem } = useDetails(source, [id], stamp);
  const detail = details.get(id);
  return (
    <main>
      <p class="back">
        <a href={addressOf({ page: "runs", selected: [] })}>← All runs</a>
      </p>
      {row === undefined && <p class="empty">There is no such run, or no longer. It may have been moved or deleted.</p>}
      {row !== undefined && detail !== undefined && (
        <RunView source={source} detail={{ ...detail, row }} theme={theme} />
      )}
      {row !== undefined && detail === undefined && <p class="empty">{problem || "Reading the run …"}</p>}
    </main>
  );
}
