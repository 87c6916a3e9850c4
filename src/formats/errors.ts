// The one error that every codec throws when bytes or values are not what their format allows.

/** Says which format was expected and what is wrong, in one sentence that ends without a full stop. */
export class FormatError extends Error {
  override readonly name = "FormatError";
  readonly format: string;
  readonly problem: string;

  constructor(format: string, problem: string) {
    super(`${format}: ${problem}`);
    this.format = format;
    this.problem = problem;
  }
}
