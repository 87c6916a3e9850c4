// The scores of one encoder on a line, each run a dot, so that the rows of a table share one scale.

import type { StudyCell } from "../api.js";
import { addressOf } from "./routes.js";
import { roundTicks } from "./ticks.js";

export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
}

/** From the least to the most with some room, and round values between them. */
export function scaleOf(values: readonly number[]): Scale {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = (most - least || Math.abs(most) || 1) * 0.06;
  const [low, high] = [least - room, most + room];
  return { low, high, ticks: roundTicks(low, high) };
}

interface StripProps {
  readonly variant: string;
  readonly cell: StudyCell;
  readonly scale: Scale;
  readonly digits: number;
  /** The baseline's mean, where there is one. */
  readonly level: number | undefined;
}

export function ScoreStrip({ variant, cell, scale, digits, level }: StripProps) {
  const at = placeOn(scale);
  const { mean, deviation } = cell.estimate!;
  return (
    <div class="strip">
      {scale.ticks.map((tick) => (
        <i key={tick} class="grid" style={{ left: at(tick) }} />
      ))}
      {level !== undefined && <i class="level" style={{ left: at(level) }} />}
      {deviation !== null && <i class="deviation" style={spanOf(scale, mean - deviation, mean + deviation)} />}
      <i class="mean" style={{ left: at(mean) }} />
      {cell.dots.map(({ seed, value, run }) => {
        const words = `${variant}, seed ${seed}: ${value.toFixed(digits)}`;
        const style = { left: at(value) };
        return run === null ? (
          <span key={seed} class="dot" style={style} title={words} role="img" aria-label={words} />
        ) : (
          <a
            key={seed}
            class="dot"
            style={style}
            title={`${words}. Open its run`}
            href={addressOf({ page: "run", id: run })}
          >
            <span class="hidden">{words}</span>
          </a>
        );
      })}
    </div>
  );
}

/** The numbers below the strips. */
export function ScaleRow({ scale, digits }: { readonly scale: Scale; readonly digits: number }) {
  const at = placeOn(scale);
  const [first = 0, second = 1] = scale.ticks;
  const shown = Math.max(0, Math.min(digits + 1, Math.ceil(-Math.log10(Math.abs(second - first)) - 1e-9)));
  return (
    <div class="scale">
      {scale.ticks.map((tick) => (
        <span key={tick} style={{ left: at(tick) }}>
          {tick.toFixed(shown)}
        </span>
      ))}
    </div>
  );
}

function placeOn({ low, high }: Scale): (value: number) => string {
  return (value) => `${(100 * (value - low)) / (high - low)}%`;
}

/** Cut off where the scale ends. */
function spanOf(scale: Scale, from: number, to: number): { readonly left: string; readonly right: string } {
  const share = (value: number) =>
    (100 * (Math.min(Math.max(value, scale.low), scale.high) - scale.low)) / (scale.high - scale.low);
  return { left: `${share(from)}%`, right: `${100 - share(to)}%` };
}
