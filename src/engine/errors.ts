// The error of a program that cannot be compiled, bound or run.

/** A program that the engine refuses, or arrays that do not fit one. */
export class EngineError extends Error {
  override readonly name = "EngineError";
}
