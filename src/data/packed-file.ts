// Archives that have to be unpacked before images are read from them, and how that is done.

import { basename } from "node:path";
import type { Finding } from "./errors.js";

interface Packing {
  readonly what: string;
  readonly name: RegExp;
  /** How such a file begins. */
  readonly start: string;
  readonly command: string;
}

/** Images are read at random, for which a packed archive would have to be unpacked from its beginning each time. */
const packings: readonly Packing[] = [
  { what: "gzipped tar archive", name: /\.(tar\.gz|tgz)$/i, start: "\x1f\x8b", command: "gunzip" },
  { what: "tar archive packed by zstd", name: /\.(tar\.zst|tzst)$/i, start: "\x28\xb5\x2f\xfd", command: "unzstd" },
  { what: "tar archive packed by xz", name: /\.(tar\.xz|txz)$/i, start: "\xfd7zXZ\0", command: "unxz" },
  { what: "tar archive packed by bzip2", name: /\.(tar\.bz2|tbz2?)$/i, start: "BZh", command: "bunzip2" },
  { what: "zip archive", name: /\.zip$/i, start: "PK", command: "unzip" },
];

/** Whether a file is named like a packed archive. */
export function hasPackedName(name: string): boolean {
  return packings.some((packing) => packing.name.test(name));
}

/** What a packed archive is and how to unpack it; undefined for a file whose name or first bytes are of none. */
export function packedFinding(path: string, start: Uint8Array): Omit<Finding, "expected"> | undefined {
  const first = Buffer.from(start.subarray(0, 8)).toString("latin1");
  const packing = packings.find((each) => each.name.test(path) && first.startsWith(each.start));
  if (packing === undefined) return undefined;
  return { found: `a ${packing.what}`, remedy: remedyOf(packing, path) };
}

/** The same for the files of a folder, by their names alone; undefined where none is packed. */
export function packedFindingIn(folder: string, names: readonly string[]): Omit<Finding, "expected"> | undefined {
  const packed = names.filter(hasPackedName);
  const packing = packings.find(({ name }) => packed[0] !== undefined && name.test(packed[0]));
  if (packing === undefined) return undefined;
  const count = packed.length.toLocaleString("en-US");
  const found =
    packed.length === 1 ? `a ${packing.what}, ${packed[0]}` : `${count} packed archives, such as ${packed[0]}`;
  return { found, remedy: remedyOf(packing, `${folder}/${packed[0]}`) };
}

function remedyOf({ command }: Packing, path: string): string {
  if (command === "unzip") return `Unpack it into a folder, and give that: unzip ${path} -d IMAGES`;
  const name = basename(path).replace(/\.(t(gz|zst|xz|bz2?)|tar\.\w+)$/i, ".tar");
  return `Unpack it, which makes ${name}, and give that: ${command} ${path}`;
}
