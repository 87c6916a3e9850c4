// What all charts of a page share: their axes, how much is smoothed, and which part is seen.

import { useMemo, useState } from "preact/hooks";
import type { XAxis } from "./chart-data.js";

export interface ChartSettings {
  readonly axis: XAxis;
  readonly logX: boolean;
  readonly logY: boolean;
  /** The weight of what came before, from 0 to below 1. */
  readonly smoothing: number;
  /** Least and most on the x axis; null for all. */
  readonly range: readonly [number, number] | null;
}

export interface ChartControls {
  readonly settings: ChartSettings;
  readonly change: (change: Partial<ChartSettings>) => void;
}

export function useChartSettings(): ChartControls {
  const [settings, setSettings] = useState<ChartSettings>({
    axis: "step",
    logX: false,
    logY: false,
    smoothing: 0.6,
    range: null,
  });
  const change = useMemo(
    () => (values: Partial<ChartSettings>) =>
      // A range is one of its axis.
      setSettings((before) => ({ ...before, ...("axis" in values && { range: null }), ...values })),
    [],
  );
  return { settings, change };
}

/** What a part of the whole becomes by a factor around its middle, and by a shift in shares of its width. */
export function movedRange(
  whole: readonly [number, number],
  range: readonly [number, number] | null,
  { factor = 1, shift = 0 }: { readonly factor?: number; readonly shift?: number },
): readonly [number, number] | null {
  const [least, most] = range ?? whole;
  const width = (most - least) * factor;
  const middle = (least + most) / 2 + shift * (most - least);
  if (width >= whole[1] - whole[0]) return null;
  const begin = Math.min(Math.max(whole[0], middle - width / 2), whole[1] - width);
  return [begin, begin + width];
}
