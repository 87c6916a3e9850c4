// The curves of some runs, read again as they grow, and finer where the reader looks closer.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Curves } from "../api.js";
import { stepsWithin, type XAxis, xOf } from "./chart-data.js";
import type { Source } from "./source.js";

/** A run, and what changes when there is more of it. */
export interface Watched {
  readonly id: string;
  readonly step: number;
}

interface View {
  readonly axis: XAxis;
  readonly range: readonly [number, number] | null;
}

export interface KnownCurves {
  /** By run; those that cannot be read are missing. */
  readonly curves: ReadonlyMap<string, Curves>;
  /** Least and most of x over the whole of all runs. */
  readonly whole: readonly [number, number];
}

/** A new range is asked for once the reader holds still. */
export function useCurves(source: Source, runs: readonly Watched[], { axis, range }: View): KnownCurves {
  const [curves, setCurves] = useState<ReadonlyMap<string, Curves>>(new Map());
  const whole = useRef(new Map<string, { readonly step: number; readonly curves: Curves }>());
  const key = JSON.stringify([runs, range, axis]);
  useEffect(() => {
    let isWanted = true;
    const read = async ({ id, step }: Watched): Promise<readonly [string, Curves] | undefined> => {
      try {
        const known = whole.current.get(id);
        if (range !== null && known !== undefined && source.isLive) {
          return [id, await source.curves(id, stepsWithin(known.curves, axis, range))] as const;
        }
        // Of several runs, those that have ended need not be read again with each step of another.
        const found = known?.step === step ? known.curves : await source.curves(id);
        whole.current.set(id, { step, curves: found });
        return [id, found] as const;
      } catch {
        return undefined;
      }
    };
    const begin = async () => {
      const found = (await Promise.all(runs.map(read))).filter((each) => each !== undefined);
      if (isWanted) setCurves(new Map(found));
    };
    const timer = setTimeout(begin, range === null ? 0 : 150);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [source, key]);
  const ends = runs.flatMap(({ id }) => {
    const known = whole.current.get(id)?.curves;
    const x = known === undefined ? [] : xOf(known, axis);
    return x.length === 0 ? [] : [x[0]!, x.at(-1)!];
  });
  return { curves, whole: ends.length === 0 ? [0, 1] : [Math.min(...ends), Math.max(...ends)] };
}
