/** Thrown when the configuration is wrong. Says everything at once: source, key, what was found, what is allowed. */

/** What is wrong with one setting: its path, and a sentence that goes on after its name. */
export interface SettingFault {
  /** `tls_pemfile`, `authentication_plugins[0].url`. */
  readonly setting: string
  /** `is "/x.pem"; there is no such file`. */
  readonly text: string
}

/** A fault in the configuration, or several, each with its remedy. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly code = 'CONFIG'
  /** One sentence for each fault. */
  readonly faults: readonly string[]
  readonly #given: readonly (string | SettingFault)[]

  constructor(faults: readonly (string | SettingFault)[], options: ErrorOptions = {}) {
    const sentences = faults.map((fault) => sentence(fault, quoted))
    super(sentences.join('\n'), options)
    this.faults = sentences
    this.#given = faults
  }

  /** The faults, where each setting is called as whoever wrote it called it: by file and key, or by flag. */
  named(nameOf: (setting: string) => string): string[] {
    return this.#given.map((fault) => sentence(fault, nameOf))
  }

  /** The same error of a part, as the whole sees it: `url` within `authentication_plugins[0]`. */
  within(whole: string): ConfigError {
    const inside = (fault: string | SettingFault): SettingFault =>
      typeof fault === 'string'
        ? { setting: whole, text: `is wrong: ${fault}` }
        : { setting: join(whole, fault.setting), text: fault.text }
    return new ConfigError(this.#given.map(inside), { cause: this.cause })
  }
}

const quoted = (setting: string) => `"${setting}"`

function sentence(fault: string | SettingFault, nameOf: (setting: string) => string): string {
  return typeof fault === 'string' ? fault : `${nameOf(fault.setting)} ${fault.text}`
}

function join(whole: string, part: string): string {
  if (part === '') return whole
  return part.startsWith('[') ? `${whole}${part}` : `${whole}.${part}`
}
