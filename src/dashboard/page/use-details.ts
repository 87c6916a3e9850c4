// What is known of some runs beside their curves, read again when more of it may be known.

import { useEffect, useState } from "preact/hooks";
import type { RunDetail } from "../api.js";
import type { Source } from "./source.js";

export interface KnownDetails {
  readonly details: ReadonlyMap<string, RunDetail>;
  /** Why one cannot be read. */
  readonly problem: string;
}

/** `stamps` change with what is to be read again. */
export function useDetails(source: Source, ids: readonly string[], stamps: string): KnownDetails {
  const [known, setKnown] = useState<KnownDetails>({ details: new Map(), problem: "" });
  useEffect(() => {
    let isWanted = true;
    const read = async () => {
      const details = new Map<string, RunDetail>();
      let problem = "";
      await Promise.all(
        ids.map(async (id) => {
          try {
            details.set(id, await source.detail(id));
          } catch (error) {
            problem = (error as Error).message;
          }
        }),
      );
      if (isWanted) setKnown({ details, problem });
    };
    void read();
    return () => {
      isWanted = false;
    };
  }, [source, ids.join(), stamps]);
  return known;
}
