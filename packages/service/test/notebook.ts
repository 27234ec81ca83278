/** A log that keeps what it is told, so that a test can read it. */
import type { Logger } from '@commissaire/bus'

/** One line of it. */
export interface Note {
  readonly level: keyof Logger
  readonly facts: Readonly<Record<string, unknown>>
  readonly text: string
}

/** A log, and its lines. */
export class Notebook implements Logger {
  readonly notes: Note[] = []
  readonly debug = this.#writer('debug')
  readonly info = this.#writer('info')
  readonly warn = this.#writer('warn')
  readonly error = this.#writer('error')

  of(level: keyof Logger): Note[] {
    return this.notes.filter((note) => note.level === level)
  }

  #writer(level: keyof Logger) {
    return (facts: object, text: string): void => void this.notes.push({ level, facts: { ...facts }, text })
  }
}
