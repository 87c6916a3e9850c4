// A mixture as the model sees it now, looked at while it learns.

import { useEffect, useState } from "preact/hooks";
import type { Unpacked } from "../explore/attention.js";
import { MixtureView } from "../explore/mixture-view.js";
import { countText } from "../words.js";
import type { Order } from "./protocol.js";

interface LiveMixtureProps {
  readonly found: Unpacked | undefined;
  /** Changes when there is something new to see. */
  readonly step: number;
  readonly theme: string;
  readonly order: (order: Order) => void;
}

export function LiveMixture({ found, step, theme, order }: LiveMixtureProps) {
  const [isOpen, setIsOpen] = useState(false);
  const [seed, setSeed] = useState(0);
  const [segments, setSegments] = useState(true);
  useEffect(() => {
    if (isOpen) order({ type: "explore", seed, segments });
  }, [isOpen, step, seed, segments]);
  return (
    <details class="live-mixture" onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary>Look into a mixture: what each patch attends to</summary>
      {isOpen && (
        <div class="page-tools">
          {found !== undefined && found.segments !== null && (
            <label title="Learned vectors that tell the encoder which patches belong together. Without them it has to see it.">
              <input type="checkbox" checked={segments} onChange={() => setSegments(!segments)} /> Segment embeddings
            </label>
          )}
          <button type="button" onClick={() => setSeed(seed + 1)}>
            ⤨ Another mixture
          </button>
          {found !== undefined && <span class="muted">as it was after step {countText(found.step)}</span>}
        </div>
      )}
      {isOpen && found !== undefined && <MixtureView found={found} theme={theme} />}
    </details>
  );
}
