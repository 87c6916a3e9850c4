// Bytes as base64, wherever the program runs.

/** Arguments of one call are limited. */
const PIECE = 0x8000;

export function base64Of(bytes: Uint8Array): string {
  let letters = "";
  for (let start = 0; start < bytes.length; start += PIECE) {
    letters += String.fromCharCode(...bytes.subarray(start, start + PIECE));
  }
  return btoa(letters);
}
