// The CRC-32 of zlib and PNG, for checkpoints: a browser has no zlib.

/** Of the polynomial of IEEE 802.3, its bits reversed, for each byte. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** Goes on from the sum of the bytes before; 0 at first. */
export function crc32(bytes: Uint8Array, sum: number): number {
  let value = ~sum;
  for (let place = 0; place < bytes.length; place++) value = (value >>> 8) ^ table[(value ^ bytes[place]!) & 0xff]!;
  return ~value >>> 0;
}
