/** Renews the signature under an operation while it is worked on, and ends the work when the operation is lost. */
import type { Logger } from '@commissaire/bus'

import { OperationLost, type OperationRecord } from './operation-record.ts'
import type { Operation } from './operation-on-host.ts'

/** Beats from its making to its disposal. */
export class Heartbeat<T extends Operation> implements AsyncDisposable {
  readonly #record: OperationRecord<T>
  readonly #log: Logger
  readonly #lost = new AbortController()
  readonly #timer: NodeJS.Timeout
  #beating: Promise<void> = Promise.resolve()

  constructor(record: OperationRecord<T>, { log }: { log: Logger }) {
    this.#record = record
    this.#log = log
    this.#timer = setInterval(() => {
      this.#beating = this.#beat()
    }, record.lease / 3)
  }

  /** Aborted when the operation is no longer ours. */
  get signal(): AbortSignal {
    return this.#lost.signal
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#beating
  }

  async #beat(): Promise<void> {
    try {
      await this.#record.change((model) => model)
    } catch (error) {
      if (error instanceof OperationLost) this.#lost.abort(error)
      else this.#log.warn({ err: error, operation: this.#record.id }, 'A sign of life could not be stored')
    }
  }
}
