/** The error for an invalid configuration. It lists all faults, each with source, key, value and what is allowed. */

/** A fault of one setting: its path, and the rest of a sentence that starts with its name. */
export interface SettingFault {
  /** `tls_pemfile`, `authentication_plugins[0].url`. */
  readonly setting: string
  /** `is "/x.pem"; there is no such file`. */
  readonly text: string
}

/** Thrown when the configuration is invalid. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly code = 'CONFIG'
  /** One sentence for each fault. */
  readonly faults: readonly string[]
  readonly #original: readonly (string | SettingFault)[]

  constructor(faults: readonly (string | SettingFault)[], options: ErrorOptions = {}) {
    const sentences = faults.map((fault) => sentence(fault, quoted))
    super(sentences.join('\n'), options)
    this.faults = sentences
    this.#original = faults
  }

  /** The faults with each setting named as in its source: by file and key, by variable, or by flag. */
  named(nameOf: (setting: string) => string): string[] {
    return this.#original.map((fault) => sentence(fault, nameOf))
  }

  /** The same error for a setting that contains the faulty one: `url` within `authentication_plugins[0]`. */
  within(parent: string): ConfigError {
    const inside = (fault: string | SettingFault): SettingFault =>
      typeof fault === 'string'
        ? { setting: parent, text: `is wrong: ${fault}` }
        : { setting: join(parent, fault.setting), text: fault.text }
    return new ConfigError(this.#original.map(inside), { cause: this.cause })
  }
}

const quoted = (setting: string) => `"${setting}"`

function sentence(fault: string | SettingFault, nameOf: (setting: string) => string): string {
  return typeof fault === 'string' ? fault : `${nameOf(fault.setting)} ${fault.text}`
}

function join(parent: string, part: string): string {
  if (part === '') return parent
  return part.startsWith('[') ? `${parent}${part}` : `${parent}.${part}`
}
