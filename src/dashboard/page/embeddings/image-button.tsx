// A small picture in a list: a click looks at that image.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { THUMBNAIL_SIDE } from "../../embeddings/thumbnail-sheet.js";
import type { Thumbnails } from "./thumbnails.js";

interface ImageButtonProps {
  readonly thumbnails: Thumbnails;
  readonly row: number;
  readonly name: string;
  readonly isSelected: boolean;
  readonly onSelect: (row: number) => void;
  /** Below the picture. */
  readonly children?: ComponentChildren;
}

export function ImageButton({ thumbnails, row, name, isSelected, onSelect, children }: ImageButtonProps) {
  return (
    <button
      type="button"
      class="image-button"
      title={name}
      aria-label={name}
      aria-pressed={isSelected}
      onClick={() => onSelect(row)}
    >
      <SmallPicture thumbnails={thumbnails} row={row} />
      {children}
    </button>
  );
}

function SmallPicture({ thumbnails, row }: { readonly thumbnails: Thumbnails; readonly row: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [isThere, setIsThere] = useState(false);
  useEffect(() => {
    const draw = () => {
      const found = thumbnails.get(row);
      // Told of once more after it has left the page, before it is forgotten.
      if (found === undefined || canvas.current === null) return;
      const { sheet, left, top } = found;
      const [side, context] = [THUMBNAIL_SIDE, canvas.current.getContext("2d")!];
      context.drawImage(sheet, left, top, side, side, 0, 0, side, side);
      setIsThere(true);
      forget();
    };
    const forget = thumbnails.listen(draw);
    thumbnails.list([row]);
    draw();
    return forget;
  }, [thumbnails, row]);
  return (
    <canvas
      ref={canvas}
      class={isThere ? "small-picture" : "small-picture absent"}
      width={THUMBNAIL_SIDE}
      height={THUMBNAIL_SIDE}
    />
  );
}
