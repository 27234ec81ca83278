/** The logger of a bus: each method takes an object of facts and a sentence. A pino logger fits without an adapter. */
export interface Logger {
  debug(facts: object, sentence: string): void
  info(facts: object, sentence: string): void
  warn(facts: object, sentence: string): void
  error(facts: object, sentence: string): void
}

/** The logger that is used when none is given: prints warnings and errors to the console. */
export const defaultLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: (facts, sentence) => console.warn(sentence, facts),
  error: (facts, sentence) => console.error(sentence, facts),
}
