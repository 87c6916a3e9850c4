// What a method's metrics warn of, in words for people.

/** What metrics are a sign of. */
export interface Warning {
  /** Tells this kind of warning from others. */
  readonly sign: string;
  /** What is seen, the likely cause, and what to do; begins in the middle of a line. */
  readonly lines: readonly string[];
}
