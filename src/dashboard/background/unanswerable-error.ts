// What a question gets that cannot be answered.

/** What is to be said where there is no answer: of a damaged file, an image that cannot be read, a run without weights. */
export class UnanswerableError extends Error {
  override readonly name = "UnanswerableError";
}
