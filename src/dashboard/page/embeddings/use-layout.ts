// Where images are on the map: along the principal components, or arranged so that near ones stay near, as far as that is.

import { useEffect, useMemo, useState } from "preact/hooks";
import type { EmbeddingMap } from "../../api.js";
import { bytesOf } from "../explore/attention.js";
import type { EmbeddingSource } from "./embedding-source.js";
import { fittedPlaces, type MapPlaces } from "./map-view.js";

export type LayoutKind = "neighbours" | "components";

export interface KnownLayout {
  readonly places: MapPlaces;
  /** How much of the arrangement is done; 1 where nothing is left to do. */
  readonly done: number;
  /** Why it goes no further. */
  readonly problem: string;
}

interface Arranged {
  readonly places: MapPlaces | undefined;
  readonly done: number;
  readonly problem: string;
}

/** An answer is to take about as long as images take to their new places. */
const ANSWER_MILLISECONDS = 350;
const MOST_EPOCHS_AT_ONCE = 50;

export function useLayout(source: EmbeddingSource, map: EmbeddingMap, kind: LayoutKind): KnownLayout {
  const components = useMemo(() => placesOf(map.places), [map]);
  const [arranged, setArranged] = useState<Arranged>({ places: undefined, done: 0, problem: "" });
  const isWanted = kind === "neighbours" && map.epochs > 0;
  useEffect(() => {
    if (!isWanted || arranged.done === 1 || arranged.problem !== "") return;
    const stop = new AbortController();
    void arrange(source, map, Math.round(arranged.done * map.epochs), setArranged, stop.signal);
    return () => stop.abort();
  }, [source, map, isWanted]);
  if (!isWanted) return { places: components, done: 1, problem: "" };
  return { places: arranged.places ?? components, done: arranged.done, problem: arranged.problem };
}

async function arrange(
  source: EmbeddingSource,
  map: EmbeddingMap,
  from: number,
  onArranged: (arranged: Arranged) => void,
  signal: AbortSignal,
): Promise<void> {
  let [epoch, atOnce] = [from, 1];
  try {
    while (epoch < map.epochs && !signal.aborted) {
      const began = performance.now();
      const layout = await source.layout(Math.min(map.epochs, epoch + Math.round(atOnce)));
      const took = performance.now() - began;
      // The first answer also finds neighbours, and says nothing of those that follow.
      if (epoch > 0) {
        atOnce = Math.min(MOST_EPOCHS_AT_ONCE, Math.max(1, (atOnce * ANSWER_MILLISECONDS) / took), 2 * atOnce);
      }
      epoch = layout.epoch;
      if (!signal.aborted) {
        onArranged({ places: placesOf(layout.places), done: epoch / layout.epochs, problem: "" });
      }
    }
  } catch (error) {
    if (!signal.aborted) onArranged({ places: undefined, done: 0, problem: (error as Error).message });
  }
}

function placesOf(base64: string): MapPlaces {
  return fittedPlaces(new Float32Array(bytesOf(base64).slice().buffer));
}
