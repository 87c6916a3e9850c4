// Numbers of 16 bits as float32, exactly: IEEE half precision and bfloat16.

/** Raw half-precision patterns (1 sign, 5 exponent and 10 fraction bits) as values. */
export function halfToFloat32(patterns: Uint16Array): Float32Array {
  const values = new Float32Array(patterns.length);
  const bits = new Uint32Array(values.buffer);
  for (let i = 0; i < patterns.length; i++) {
    const pattern = patterns[i]!;
    const sign = (pattern & 0x8000) << 16;
    const exponent = (pattern >> 10) & 0x1f;
    const fraction = pattern & 0x3ff;
    if (exponent === 0x1f) bits[i] = sign | 0x7f800000 | (fraction << 13);
    else if (exponent > 0) bits[i] = sign | ((exponent + 112) << 23) | (fraction << 13);
    else {
      values[i] = fraction * 2 ** -24;
      bits[i] = bits[i]! | sign;
    }
  }
  return values;
}

/** Raw bfloat16 patterns, the upper halves of float32 patterns, as values. */
export function bfloat16ToFloat32(patterns: Uint16Array): Float32Array {
  const bits = new Uint32Array(patterns.length);
  for (let i = 0; i < patterns.length; i++) bits[i] = patterns[i]! << 16;
  return new Float32Array(bits.buffer);
}
