// The mixture: every patch is a button, and looking at one marks those that it keeps, right and wrong.

import { useRef } from "preact/hooks";
import { letterOf, type SeenPatch, type Unpacked, type Verdict } from "./attention.js";
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
  const { columns, patches, sources, mixture, imageSize } = found;
  const cells = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent) => {
    const next = moved(event.key, patch, columns, patches);
    if (next === undefined) return;
    event.preventDefault();
    onPatch(next);
    (cells.current!.children[next] as HTMLElement).focus();
  };
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
              onKeyDown={move}
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

/** The patch that a key leads to. */
export function moved(key: string, patch: number, columns: number, patches: number): number | undefined {
  const column = patch % columns;
  if (key === "ArrowLeft" && column > 0) return patch - 1;
  if (key === "ArrowRight" && column < columns - 1) return patch + 1;
  if (key === "ArrowUp" && patch >= columns) return patch - columns;
  if (key === "ArrowDown" && patch + columns < patches) return patch + columns;
  if (key === "Home") return patch - column;
  if (key === "End") return patch - column + columns - 1;
  return undefined;
}
