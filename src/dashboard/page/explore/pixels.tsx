// A small picture from its bytes, on a canvas: nothing is fetched for it, and its pixels stay sharp.

import { useEffect, useRef } from "preact/hooks";
import type { ImageSize } from "../../../data/image-size.js";
import { bytesOf } from "./attention.js";

interface PixelsProps {
  /** Red, green and blue, row by row; as a server sends them, in base64. */
  readonly data: string | Uint8Array;
  readonly size: ImageSize;
  readonly label: string;
  /** Pixels that are shown; the others are left out. */
  readonly shows?: (x: number, y: number) => boolean;
}

export function Pixels({ data, size, label, shows }: PixelsProps) {
  const { width, height } = size;
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current!.getContext("2d")!;
    const image = context.createImageData(width, height);
    const bytes = typeof data === "string" ? bytesOf(data) : data;
    for (let pixel = 0; pixel < width * height; pixel++) {
      const isShown = shows?.(pixel % width, Math.floor(pixel / width)) ?? true;
      for (let channel = 0; channel < 3; channel++) image.data[4 * pixel + channel] = bytes[3 * pixel + channel]!;
      image.data[4 * pixel + 3] = isShown ? 255 : 0;
    }
    context.putImageData(image, 0, 0);
  }, [data, width, height, shows]);
  return (
    <canvas
      ref={canvas}
      class="pixels"
      style={{ aspectRatio: `${width} / ${height}` }}
      width={width}
      height={height}
      role="img"
      aria-label={label}
    />
  );
}
