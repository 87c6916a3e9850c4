// The error of a program that cannot be compiled, bound or run.

export class EngineError extends Error {
  override readonly name = "EngineError";
}
