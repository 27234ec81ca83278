/**
 * Counts the different credentials that are being checked for one address at this moment.
 *
 * A guess fails only after its hash was checked; without this a burst of guesses would get through together. Many
 * requests of one client with one password are one guess.
 */

interface Guess {
  readonly address: string
  readonly credentials: string
}

/** The guesses in hand. */
export class Guesses {
  readonly #inHand = new Set<Guess>()

  /** How many other credentials are being checked for that address. */
  others({ address, credentials }: Guess): number {
    const others = [...this.#inHand].filter(
      (one) => one.address === address && one.credentials !== credentials,
    )
    return new Set(others.map((one) => one.credentials)).size
  }

  /** Counts a guess as long as the work takes. */
  async during<T>(guess: Guess, work: () => Promise<T>): Promise<T> {
    const entry = { ...guess }
    this.#inHand.add(entry)
    try {
      return await work()
    } finally {
      this.#inHand.delete(entry)
    }
  }
}
