// The worker thread of the mixture explorer: the engine blocks its thread, and the dashboard's must go on answering.

import { serveTasks } from "../../data/worker-pool.js";
import type { ExploreAnswer, ExploreTask } from "./explore-service.js";
import { type Explorer, openExplorer } from "./explorer.js";

/** Runs that are held open: their weights and programs take memory. */
const MOST_OPEN = 2;

interface Open {
  readonly stamp: string;
  readonly explorer: Promise<Explorer>;
}

serveTasks<ExploreTask, ExploreAnswer, never>(() => {
  const held = new Map<string, Open>();
  return async ({ folder, stamp, ...options }) => {
    try {
      const explorer = await openOnce(held, folder, stamp);
      return { result: { found: await explorer.explore(options) } };
    } catch (error) {
      held.delete(folder);
      return { result: { problem: error instanceof Error ? error.message : String(error) } };
    }
  };
});

/** Opened again once the stamp of its checkpoints is another; the one that was asked for longest ago is let go. */
function openOnce(held: Map<string, Open>, folder: string, stamp: string): Promise<Explorer> {
  const known = held.get(folder);
  held.delete(folder);
  const open = known?.stamp === stamp ? known : { stamp, explorer: openExplorer(folder) };
  held.set(folder, open);
  const [oldest] = held.keys();
  if (held.size > MOST_OPEN && oldest !== undefined) held.delete(oldest);
  return open.explorer;
}
