// The error of a program that cannot be built: wrong shapes, dtypes or names.

/** Thrown while a program is being built, before anything runs; the message names the operation and its operands. */
export class ProgramError extends Error {
  override readonly name = "ProgramError";
}
