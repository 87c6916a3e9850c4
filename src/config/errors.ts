// The error of a configuration that is not valid.

/** The configuration is not valid; `problems` holds one sentence for each thing that is wrong. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const [first = "unknown problem"] = problems;
    super(
      problems.length === 1
        ? `The configuration is not valid: ${first}`
        : `The configuration is not valid (${problems.length} problems):\n${problems.map((each) => `  - ${each}`).join("\n")}`,
    );
    this.problems = problems;
  }
}
