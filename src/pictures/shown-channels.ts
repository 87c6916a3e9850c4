// Images of any number of channels as pictures in red, green and blue.

/**
 * What a picture shows of pixels [..., channels]: [..., 3]. One channel, or the first of two, is shown as grey; of four
 * and more, the first three are red, green and blue, and the others are not shown.
 */
export function shownChannels(pixels: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return pixels;
  const count = pixels.length / channels;
  const shown = new Uint8Array(3 * count);
  for (let pixel = 0; pixel < count; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      shown[3 * pixel + channel] = pixels[pixel * channels + (channels < 3 ? 0 : channel)]!;
    }
  }
  return shown;
}
