/** Where the bus says what happened: anything that logs an object and a sentence. A pino logger is one as it is. */
export interface Logger {
  debug(facts: object, sentence: string): void
  info(facts: object, sentence: string): void
  warn(facts: object, sentence: string): void
  error(facts: object, sentence: string): void
}

/** What is used where no logger is given: silent, but for what somebody must know. */
export const defaultLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: (facts, sentence) => console.warn(sentence, facts),
  error: (facts, sentence) => console.error(sentence, facts),
}
