// How a run does: a sign, words, and never colour alone.

import type { Health } from "../api.js";

const signs: Readonly<Record<Health["level"], string>> = { good: "✓", neutral: "·", warning: "▲", bad: "✕" };

export function HealthMark({ health: { level, words, more } }: { readonly health: Health }) {
  return (
    <span class={`health ${level}`} title={more || words}>
      <span class="sign" aria-hidden="true">
        {signs[level]}
      </span>
      <span>{words}</span>
    </span>
  );
}
