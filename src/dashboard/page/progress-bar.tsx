// How far a run is, as a bar and in words.

import type { RunRow } from "../api.js";
import { countText, durationText } from "./words.js";

const ended: Readonly<Partial<Record<RunRow["state"], string>>> = {
  finished: "finished",
  stopped: "stopped",
  failed: "failed",
  interrupted: "ended",
  waiting: "not begun",
};

export function ProgressBar({ row }: { readonly row: RunRow }) {
  const { step, totalSteps, state, secondsLeft, doing } = row;
  const share = totalSteps === null || totalSteps === 0 ? 0 : Math.min(1, step / totalSteps);
  const of = totalSteps === null ? "" : ` / ${countText(totalSteps)}`;
  const note =
    ended[state] ?? (secondsLeft === null || step === 0 ? (doing ?? "running") : `${durationText(secondsLeft)} left`);
  return (
    <div class={`progress ${state}`}>
      <div class="progress-words">
        <span class="number">
          {countText(step)}
          {of}
        </span>
        <span class="muted">{note}</span>
      </div>
      <progress max="1" value={share} aria-label={`${Math.round(100 * share)} percent of the steps`} />
    </div>
  );
}
