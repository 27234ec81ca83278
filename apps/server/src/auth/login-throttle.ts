/**
 * Counts the login attempts of an address that are being checked, so that the limit on failed logins also holds for
 * concurrent requests.
 *
 * A wrong password is counted as a failure only after its hash was checked. Without this class, a burst of attempts
 * would pass the limit together. Concurrent requests with the same credentials count as one attempt.
 */

interface LoginAttempt {
  readonly address: string
  readonly credentials: string
}

/** The login attempts in progress. */
export class LoginThrottle {
  readonly #inProgress = new Set<LoginAttempt>()

  /** Returns how many other credentials are being checked for the same address. */
  countOthers({ address, credentials }: LoginAttempt): number {
    const others = [...this.#inProgress].filter(
      (attempt) => attempt.address === address && attempt.credentials !== credentials,
    )
    return new Set(others.map((attempt) => attempt.credentials)).size
  }

  /** Counts the attempt until `check` settles. */
  async track<T>(attempt: LoginAttempt, check: () => Promise<T>): Promise<T> {
    const entry = { ...attempt }
    this.#inProgress.add(entry)
    try {
      return await check()
    } finally {
      this.#inProgress.delete(entry)
    }
  }
}
