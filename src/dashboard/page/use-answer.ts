// The answer to a question of the page; the last one stays in sight until the next is there.

import { useEffect, useState } from "preact/hooks";

export interface KnownAnswer<Found> {
  readonly found: Found | undefined;
  readonly isBusy: boolean;
  /** Why there is none. */
  readonly problem: string;
}

/** Asked again when one of `inputs` changes; not asked where `ask` is undefined. */
export function useAnswer<Found>(
  ask: (() => Promise<Found>) | undefined,
  inputs: readonly unknown[],
): KnownAnswer<Found> {
  const [known, setKnown] = useState<KnownAnswer<Found>>({ found: undefined, isBusy: ask !== undefined, problem: "" });
  useEffect(() => {
    if (ask === undefined) {
      setKnown({ found: undefined, isBusy: false, problem: "" });
      return;
    }
    let isWanted = true;
    setKnown(({ found }) => ({ found, isBusy: true, problem: "" }));
    ask().then(
      (found) => isWanted && setKnown({ found, isBusy: false, problem: "" }),
      (error: Error) => isWanted && setKnown({ found: undefined, isBusy: false, problem: error.message }),
    );
    return () => {
      isWanted = false;
    };
  }, inputs);
  return known;
}
