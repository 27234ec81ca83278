/**
 * The same credentials at the same time are one question: many requests of one client cost one hash, or one round trip.
 */
import type { Identity } from './authenticator.ts'

/** The questions that are being answered. */
export class Questions {
  readonly #open = new Map<string, Promise<Identity | undefined>>()

  /** Joins the question about these credentials that is open, or opens it. */
  ask(credentials: string, answer: () => Promise<Identity | undefined>): Promise<Identity | undefined> {
    const open = this.#open.get(credentials)
    if (open) return open
    const question = answer().finally(() => this.#open.delete(credentials))
    this.#open.set(credentials, question)
    return question
  }
}
