// Which files are taken for images: by name when a set is listed, by their first bytes before they are decoded.

const EXTENSIONS = new Set(["jpg", "jpeg", "png", "webp", "gif", "tif", "tiff", "avif"]);

/** The first bytes of a JPEG and of a PNG. */
const JPEG = "\xff\xd8\xff";
const PNG = "\x89PNG\r\n\x1a\n";

/** The kinds of files that are read, for messages. */
export const IMAGE_KINDS = "JPEG, PNG, WebP, GIF, TIFF or AVIF";

/** The reason why a file of another kind is no image. */
export const NOT_AN_IMAGE = `the content is not a ${IMAGE_KINDS} image`;

/** True if the name ends like that of an image. */
export function hasImageName(name: string): boolean {
  const dot = name.lastIndexOf(".");
  return dot !== -1 && EXTENSIONS.has(name.slice(dot + 1).toLowerCase());
}

/**
 * True if the file begins like an image of a kind that is read. libvips would also take SVG, PDF and others under any
 * name; files from the internet should not reach those decoders.
 */
export function hasImageSignature(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 64)).toString("latin1");
  if (start.startsWith(JPEG) || start.startsWith(PNG)) return true;
  if (start.startsWith("GIF87a") || start.startsWith("GIF89a")) return true;
  if (start.startsWith("RIFF") && start.slice(8, 12) === "WEBP") return true;
  if (isTiff(bytes)) return true;
  // AVIF names itself among the brands of its first box; "mif1" alone may also be HEIC, which is not read.
  return start.slice(4, 8) === "ftyp" && /avi[fs]/.test(start.slice(8));
}

/** True if the file ends before the first bytes of a JPEG or PNG do: of a download or a copy that was cut short. */
export function isCutSignature(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes).subarray(0, PNG.length).toString("latin1");
  return (
    start !== "" && [JPEG, PNG].some((signature) => bytes.length < signature.length && signature.startsWith(start))
  );
}

/** True if the file begins like TIFF or BigTIFF, little-endian or big-endian. */
export function isTiff(bytes: Uint8Array): boolean {
  return ["II*\0", "MM\0*", "II+\0", "MM\0+"].includes(Buffer.from(bytes.subarray(0, 4)).toString("latin1"));
}
