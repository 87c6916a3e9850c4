// The controls that all charts of a page share.

import type { XAxis } from "./chart-data.js";
import { type ChartControls, movedRange } from "./chart-settings.js";

const axes: readonly (readonly [XAxis, string])[] = [
  ["step", "Steps"],
  ["images", "Images"],
  ["time", "Time"],
];

interface ToolbarProps {
  readonly controls: ChartControls;
  /** Least and most of x over all curves. */
  readonly whole: readonly [number, number];
  readonly onCsv: () => void;
}

export function ChartToolbar({ controls: { settings, change }, whole, onCsv }: ToolbarProps) {
  const { axis, logX, logY, smoothing, range } = settings;
  const move = (by: Parameters<typeof movedRange>[2]) => () => change({ range: movedRange(whole, range, by) });
  return (
    <div class="toolbar" role="toolbar" aria-label="Charts">
      <fieldset class="choice">
        <legend>Horizontal axis</legend>
        {axes.map(([value, text]) => (
          <label key={value} class={axis === value ? "chosen" : ""}>
            <input type="radio" name="axis" checked={axis === value} onChange={() => change({ axis: value })} />
            {text}
          </label>
        ))}
      </fieldset>
      <label class="slider">
        Smoothing
        <input
          type="range"
          min="0"
          max="0.99"
          step="0.01"
          value={smoothing}
          onInput={({ currentTarget }) => change({ smoothing: Number(currentTarget.value) })}
        />
        <output>{smoothing.toFixed(2)}</output>
      </label>
      <fieldset class="checks">
        <legend>Logarithmic axes</legend>
        <label>
          <input type="checkbox" checked={logY} onChange={() => change({ logY: !logY })} />
          log y
        </label>
        <label>
          <input type="checkbox" checked={logX} onChange={() => change({ logX: !logX })} />
          log x
        </label>
      </fieldset>
      <fieldset class="zoom">
        <legend>Zoom (or drag over a chart; double-click shows all)</legend>
        <button type="button" onClick={move({ factor: 0.5 })} aria-label="Zoom in" title="Zoom in">
          +
        </button>
        <button type="button" onClick={move({ factor: 2 })} aria-label="Zoom out" title="Zoom out" disabled={!range}>
          −
        </button>
        <button type="button" onClick={move({ shift: -0.5 })} aria-label="Earlier" title="Earlier" disabled={!range}>
          ←
        </button>
        <button type="button" onClick={move({ shift: 0.5 })} aria-label="Later" title="Later" disabled={!range}>
          →
        </button>
        <button type="button" onClick={() => change({ range: null })} disabled={!range}>
          All
        </button>
      </fieldset>
      <button type="button" class="csv" onClick={onCsv}>
        Download CSV
      </button>
    </div>
  );
}
