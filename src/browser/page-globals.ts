// What is used here of a browser: the library is checked with the types of Node.js, which has none of it.

interface Bitmap {
  readonly width: number;
  readonly height: number;
  close(): void;
}

interface Context2d {
  fillStyle: string;
  imageSmoothingQuality: string;
  fillRect(x: number, y: number, width: number, height: number): void;
  drawImage(image: Bitmap, x: number, y: number, width: number, height: number): void;
  getImageData(x: number, y: number, width: number, height: number): { readonly data: Uint8ClampedArray };
}

interface PageGlobals {
  createImageBitmap(file: Blob, options: { readonly imageOrientation: "from-image" }): Promise<Bitmap>;
  readonly OffscreenCanvas: new (
    width: number,
    height: number,
  ) => { getContext(kind: "2d", options: { readonly willReadFrequently: boolean }): Context2d | null };
  readonly navigator: object;
}

export const pageGlobals = globalThis as unknown as PageGlobals;
