// The mixture: every patch is a button, and looking at one marks those that it keeps, right and wrong.

import { letterOf, type SeenPatch, type Unpacked, type Verdict } from "./attention.js";
import { usePatchKeys } from "./patch-keys.js";
import { Pixels } from "./pixels.js";

interface MixtureMapProps {
  readonly found: Unpacked;
  readonly seen: readonly SeenPatch[];
  readonly patch: number;
  readonly onPatch: (patch: number) => void;
}

const signs: Readonly<Record<Verdict, string>> = { self: "", right: "✓", wrong: "✕", missed: "", other: "" };

const words: Readonly<Record<Verdict, string>> = {
  self: "looked at",
  right: "kept, right",
  wrong: "kept, wrong",
  missed: "of its image, not kept",
  other: "not kept",
};

export function MixtureMap({ found, seen, patch, onPatch }: MixtureMapProps) {
  const { columns, sources, mixture, imageSize } = found;
  const { cells, onKeyDown } = usePatchKeys(found, patch, onPatch);
  return (
    <div class="mixture">
      <Pixels data={mixture} size={imageSize} label="The mixture of the four images" />
      <div
        ref={cells}
        class={`cells${columns > 10 ? " small" : ""}`}
        style={{ gridTemplateColumns: `repeat(${columns}, 1fr)` }}
      >
        {sources.map((source, place) => {
          const { verdict, strength } = seen[place]!;
          const isMarked = verdict === "right" || verdict === "wrong";
          return (
            <button
              key={place}
              type="button"
              class={`cell ${verdict}`}
              tabIndex={place === patch ? 0 : -1}
              aria-label={`Row ${Math.floor(place / columns) + 1}, column ${(place % columns) + 1}, image ${letterOf(source)}: ${words[verdict]}`}
              aria-pressed={place === patch}
              style={{ "--veil": String(veilOf(verdict, strength)) }}
              onPointerEnter={() => onPatch(place)}
              onFocus={() => onPatch(place)}
              onClick={() => onPatch(place)}
              onKeyDown={onKeyDown}
            >
              {(isMarked || verdict === "self") && (
                <span class="sign">
                  {signs[verdict]}
                  {letterOf(source)}
                </span>
              )}
            </button>
          );
        })}
      </div>
    </div>
  );
}

/** How much of a patch is covered: less, the more the one that is looked at attends to it. */
function veilOf(verdict: Verdict, strength: number): number {
  if (verdict === "self") return 0;
  if (verdict === "right" || verdict === "wrong") return 0.35 * (1 - strength);
  return 0.72 - 0.2 * strength;
}
