// Writes small tar archives for tests, field by field, so that each oddity of the format can be made.

const BLOCK = 512;

export interface TarFile {
  readonly name: string;
  readonly data?: string | Uint8Array;
  readonly type?: string;
  readonly prefix?: string;
  /** The size field as raw text, where it should not be the length of the data. */
  readonly sizeField?: string | Uint8Array;
  readonly magic?: string;
}

export function tarEntry(file: TarFile): Buffer {
  const data = Buffer.from(file.data ?? "");
  const header = Buffer.alloc(BLOCK);
  header.write(file.name, 0, 100);
  header.write("0000644\0", 100);
  if (typeof file.sizeField === "object") header.set(file.sizeField, 124);
  else header.write(file.sizeField ?? `${data.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write("        ", 148);
  header.write(file.type ?? "0", 156, "latin1");
  header.write(file.magic ?? "ustar\x0000", 257);
  header.write(file.prefix ?? "", 345, 155);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK)]);
}

export function tarArchive(...files: TarFile[]): Buffer {
  return Buffer.concat([...files.map(tarEntry), Buffer.alloc(2 * BLOCK)]);
}

/** A pax record: its own length, then key and value. */
export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(rest);
  while (length !== Buffer.byteLength(`${length}${rest}`)) length = Buffer.byteLength(`${length}${rest}`);
  return `${length}${rest}`;
}
