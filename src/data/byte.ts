// Rounding of computed values to the 8 bits of a channel.

/** The nearest whole number from 0 to 255. */
export function toByte(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)));
}
