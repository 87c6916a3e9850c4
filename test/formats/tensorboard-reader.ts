// Reads TensorBoard's event files by their own rules, independently of what writes them.

export interface ReadEvent {
  readonly wallSeconds: number;
  readonly step: number;
  readonly version?: string;
  readonly isStart?: boolean;
  readonly scalars: readonly (readonly [tag: string, value: number])[];
}

/** All events of a file. Throws where a length or a checksum is wrong. */
export function readEvents(file: Buffer): ReadEvent[] {
  const events: ReadEvent[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    expectChecksum(file.subarray(at, at + 8), file.readUInt32LE(at + 8));
    const data = file.subarray(at + 12, at + 12 + length);
    expectChecksum(data, file.readUInt32LE(at + 12 + length));
    events.push(parseEvent(data));
    at += 16 + length;
  }
  return events;
}

/** What TensorBoard shows of the files of a folder, in the order of their names: an event that starts a session takes back later steps. */
export function shownScalars(files: readonly Buffer[]): Map<string, [step: number, value: number][]> {
  const shown = new Map<string, [number, number][]>();
  for (const event of files.flatMap(readEvents)) {
    if (event.isStart) {
      for (const [tag, points] of shown) {
        shown.set(
          tag,
          points.filter(([step]) => step < event.step),
        );
      }
    }
    for (const [tag, value] of event.scalars) shown.set(tag, [...(shown.get(tag) ?? []), [event.step, value]]);
  }
  return shown;
}

/** CRC-32C a bit at a time. */
export function castagnoli(bytes: Uint8Array): number {
  let sum = 0xffffffffn;
  for (const byte of bytes) {
    sum ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) sum = sum & 1n ? (sum >> 1n) ^ 0x82f63b78n : sum >> 1n;
  }
  return Number(sum ^ 0xffffffffn);
}

function expectChecksum(bytes: Uint8Array, masked: number): void {
  const rotated = (BigInt(masked) - 0xa282ead8n) & 0xffffffffn;
  const sum = Number(((rotated >> 17n) | (rotated << 15n)) & 0xffffffffn);
  if (sum !== castagnoli(bytes)) throw new Error(`checksum ${sum} does not match ${bytes.length} bytes`);
}

type Field = readonly [number: number, value: bigint | Buffer];

function* fieldsOf(data: Buffer): Generator<Field> {
  let at = 0;
  const varint = () => {
    let [result, shift] = [0n, 0n];
    for (;;) {
      const byte = data[at++]!;
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 128) return result;
      shift += 7n;
    }
  };
  const take = (length: number) => {
    if (at + length > data.length) throw new Error("a field ends behind its message");
    at += length;
    return data.subarray(at - length, at);
  };
  while (at < data.length) {
    const key = Number(varint());
    const type = key % 8;
    const sizes: Readonly<Record<number, () => bigint | Buffer>> = {
      0: varint,
      1: () => take(8),
      2: () => take(Number(varint())),
      5: () => take(4),
    };
    yield [Math.floor(key / 8), sizes[type]!()];
  }
}

function parseEvent(data: Buffer): ReadEvent {
  const fields = new Map(fieldsOf(data));
  const version = fields.get(3) as Buffer | undefined;
  const session = fields.get(7) as Buffer | undefined;
  const summary = fields.get(5) as Buffer | undefined;
  return {
    wallSeconds: (fields.get(1) as Buffer).readDoubleLE(),
    step: Number(fields.get(2) ?? 0n),
    ...(version && { version: version.toString() }),
    ...(session && { isStart: new Map(fieldsOf(session)).get(1) === 1n }),
    scalars: summary === undefined ? [] : [...fieldsOf(summary)].map(([_, value]) => parseScalar(value as Buffer)),
  };
}

function parseScalar(data: Buffer): readonly [string, number] {
  const fields = new Map(fieldsOf(data));
  return [(fields.get(1) as Buffer).toString(), (fields.get(2) as Buffer).readFloatLE()];
}
