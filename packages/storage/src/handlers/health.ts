/** Whether a store can be read and written, from the outcome of its last writes and, after a failure, from a probe. */
import { StoreFault, type StoreFaultKind } from '../faults.ts'
import type { StoreHandler } from '../handler.ts'

/** Faults that stay until somebody mends the store; the others concern one request. */
const lastingFaults: ReadonlySet<StoreFaultKind> = new Set(['full', 'unwritable', 'unreachable', 'damaged'])

/** The health of one store handler. */
export class HandlerHealth {
  readonly #handler: StoreHandler
  /** The fault of the last write; undefined when it succeeded. */
  #fault: StoreFault | undefined

  constructor(handler: StoreHandler) {
    this.#handler = handler
  }

  /** Does the work, which writes, and keeps its outcome. */
  async track<T>(work: () => Promise<T>): Promise<T> {
    try {
      const result = await work()
      this.#fault = undefined
      return result
    } catch (error) {
      if (error instanceof StoreFault && lastingFaults.has(error.kind)) this.#fault = error
      throw error
    }
  }

  /** Returns the fault that the store has now; undefined when it can be read and written. */
  async check(): Promise<StoreFault | undefined> {
    const handler = this.#handler
    try {
      if (this.#fault && handler.probe) await this.track(async () => handler.probe?.())
      else await handler.get({ model: 'Network', key: 'default' })
      return this.#fault
    } catch (error) {
      if (error instanceof StoreFault) return error
      throw error
    }
  }
}
