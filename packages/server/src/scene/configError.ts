/** One mistake in a configuration. */
export interface ConfigProblem {
  /** Where, such as `scenes[0].waitroom.timeoutMs`. */
  readonly path: string;
  /** What is wrong and what is wanted instead: a sentence. */
  readonly problem: string;
}

/**
 * A configuration that cannot be used. The message lists every mistake, so that they can be put right at once;
 * it is meant for the person who wrote the configuration, and needs no stack trace.
 */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const count = problems.length === 1 ? "a mistake" : `${problems.length} mistakes`;
    super(
      [
        `The configuration has ${count}:`,
        ...problems.map(({ path, problem }) => `  - ${path}: ${problem}`),
      ].join("\n"),
    );
    this.problems = problems;
  }
}
