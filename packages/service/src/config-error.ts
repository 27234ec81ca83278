/** Thrown when the configuration is wrong. Says everything at once: source, key, what was found, what is allowed. */

/** A fault in the configuration, or several, each with its remedy. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly code = 'CONFIG'
  /** One sentence for each fault. */
  readonly faults: readonly string[]

  constructor(faults: readonly string[], options: ErrorOptions = {}) {
    super(faults.join('\n'), options)
    this.faults = faults
  }
}
