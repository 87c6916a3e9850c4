// The mixture that an address asks for; the last one stays in sight until the next is there.

import { useEffect, useState } from "preact/hooks";
import type { Source } from "../source.js";
import { type Unpacked, type UnpackedImages, unpack, unpackImages } from "./attention.js";

export interface KnownExploration {
  readonly found: Unpacked | UnpackedImages | undefined;
  readonly isBusy: boolean;
  /** Why there is none. */
  readonly problem: string;
}

export function useExploration(
  source: Source,
  run: string,
  seed: number,
  segments: boolean,
  given: readonly File[],
): KnownExploration {
  const [known, setKnown] = useState<KnownExploration>({ found: undefined, isBusy: true, problem: "" });
  useEffect(() => {
    let isWanted = true;
    setKnown(({ found }) => ({ found, isBusy: true, problem: "" }));
    source.explore(run, seed, segments, given).then(
      (given) => {
        const found = given.kind === "mixture" ? unpack(given) : unpackImages(given);
        if (isWanted) setKnown({ found, isBusy: false, problem: "" });
      },
      (error: Error) => isWanted && setKnown({ found: undefined, isBusy: false, problem: error.message }),
    );
    return () => {
      isWanted = false;
    };
  }, [source, run, seed, segments, given]);
  return known;
}
