// What libvips says about a file that it cannot decode, in words that are the same for the same fault.

/** Cut short, overwritten or changed: which of these it was, decoders report differently, if at all. */
export const DAMAGED = "the image is damaged or cut short";

const UNSUPPORTED = /unsupported feature|not supported|not implemented|not configured|no known route|unsupported jpeg/i;

/** libvips's own words when the operating system gives it no memory. */
const OUT_OF_MEMORY = /out of memory --- size/;

/**
 * An Error to throw in place of libvips's own: for a shortage of memory one with the system's code, as it is not the
 * file's fault. What reading the file has thrown stays as it is.
 */
export function imageFault(error: unknown): Error {
  if (error instanceof Error && "code" in error) return error;
  if (exceedsPixelLimit(error)) return new Error("it has more pixels than the limit allows");
  const message = error instanceof Error ? error.message : String(error);
  if (OUT_OF_MEMORY.test(message)) {
    return Object.assign(new Error("not enough memory to decode an image", { cause: error }), { code: "ENOMEM" });
  }
  return new Error(UNSUPPORTED.test(message) ? "this variant of its format is not supported" : DAMAGED, {
    cause: error,
  });
}

/** A shortage says nothing about the image: taking it for a broken one would make the run depend on the machine's load. */
export function isShortage(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && "code" in error && /^(EMFILE|ENFILE|ENOMEM|EAGAIN)$/.test(String(error.code));
}

/** Whether an image was refused for the number of pixels that it announces. */
export function exceedsPixelLimit(error: unknown): boolean {
  return error instanceof Error && error.message.includes("exceeds pixel limit");
}
