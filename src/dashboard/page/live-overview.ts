// The runs, studies and embeddings as they are now: read once, then kept up to date by what the server tells.

import { useEffect, useState } from "preact/hooks";
import type { Change, Overview } from "../api.js";
import { type Connection, ConnectionError } from "./connection.js";

export type LinkState = "connecting" | "live" | "lost" | "refused";

export interface LiveOverview {
  readonly overview: Overview | undefined;
  readonly link: LinkState;
  /** Why there is nothing to see, in words. */
  readonly problem: string;
}

const RETRY_MILLISECONDS = 2000;

export function useOverview(connection: Connection): LiveOverview {
  const [state, setState] = useState<LiveOverview>({ overview: undefined, link: "connecting", problem: "" });
  useEffect(() => {
    const stop = new AbortController();
    void follow(connection, setState, stop.signal);
    return () => stop.abort();
  }, [connection]);
  return state;
}

type Update = (change: (before: LiveOverview) => LiveOverview) => void;

async function follow(connection: Connection, update: Update, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const overview = await connection.json<Overview>("overview");
      update(() => ({ overview, link: "live", problem: "" }));
      await connection.listen("live", (data) => data !== "" && update((before) => changed(before, data)), signal);
    } catch (error) {
      if (signal.aborted) return;
      const isRefused = error instanceof ConnectionError && error.status >= 400 && error.status < 500;
      const problem = (error as Error).message;
      update((before) => ({ ...before, link: isRefused ? "refused" : "lost", problem }));
      if (isRefused) return;
    }
    await new Promise((done) => setTimeout(done, RETRY_MILLISECONDS));
  }
}

function changed(before: LiveOverview, data: string): LiveOverview {
  if (before.overview === undefined) return before;
  const change = JSON.parse(data) as Change;
  const { runs, studies, embeddings } = before.overview;
  return {
    ...before,
    link: "live",
    overview: {
      ...before.overview,
      runs: merged(runs, change.runs, change.gone),
      studies: merged(studies, change.studies, change.gone),
      embeddings: merged(embeddings, change.embeddings, change.gone),
    },
  };
}

/** Rows keep their places; new ones come at the end. */
export function merged<Row extends { readonly id: string }>(
  before: readonly Row[],
  changes: readonly Row[],
  gone: readonly string[],
): Row[] {
  const fresh = new Map(changes.map((row) => [row.id, row]));
  const kept = before.filter(({ id }) => !gone.includes(id)).map((row) => fresh.get(row.id) ?? row);
  const known = new Set(before.map(({ id }) => id));
  return [...kept, ...changes.filter(({ id }) => !known.has(id))];
}
