// Patches of a grid by the keyboard: arrows lead from one to the next, and one stop of the tab key is for all of them.

import { useRef } from "preact/hooks";

/** How many rows and columns of patches there are. */
export interface PatchGrid {
  readonly rows: number;
  readonly columns: number;
}

/** Where one looks first. */
export function middleOf({ rows, columns }: PatchGrid): number {
  return Math.floor(rows / 2) * columns + Math.floor(columns / 2);
}

/** For the element whose children are the patches, in order, and for the keys that are pressed on them. */
export function usePatchKeys({ rows, columns }: PatchGrid, patch: number, onPatch: (patch: number) => void) {
  const cells = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    const next = moved(event.key, patch, columns, rows * columns);
    if (next === undefined) return;
    event.preventDefault();
    onPatch(next);
    (cells.current!.children[next] as HTMLElement).focus();
  };
  return { cells, onKeyDown };
}

/** The patch that a key leads to. */
function moved(key: string, patch: number, columns: number, patches: number): number | undefined {
  const column = patch % columns;
  if (key === "ArrowLeft" && column > 0) return patch - 1;
  if (key === "ArrowRight" && column < columns - 1) return patch + 1;
  if (key === "ArrowUp" && patch >= columns) return patch - columns;
  if (key === "ArrowDown" && patch + columns < patches) return patch + columns;
  if (key === "Home") return patch - column;
  if (key === "End") return patch - column + columns - 1;
  return undefined;
}
