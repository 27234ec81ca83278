/**
 * The output of commands on the hosts of an operation: published line by line for watchers, and the last lines of each host
 * stored with the operation.
 */
import type { Logger, Requester } from '@commissaire/bus'
import { OperationOutput, operationHostKey } from '@commissaire/models'
import type { StorageClient } from '@commissaire/storage'

/** One line and its stream; `note` for lines of the step itself. */
export interface OutputLine {
  readonly stream: 'stdout' | 'stderr' | 'note'
  readonly line: string
}

/** How many lines of a host are stored, and how many characters of a line. */
const MAX_LINES = 1000
const MAX_LENGTH = 2000
/** Milliseconds for which lines are collected before they are published, and before they are stored. */
const PUBLISH_AFTER = 200
const STORE_AFTER = 3000

/** The output of one host. */
export class HostOutput {
  readonly #deps: { readonly storage: StorageClient; readonly requester: Requester; readonly log: Logger }
  readonly #operation: string
  readonly #address: string
  #step = ''
  #unsent: OutputLine[] = []
  #unstored: string[] = []
  #dropped = 0
  #publishTimer: NodeJS.Timeout | undefined
  #storeTimer: NodeJS.Timeout | undefined
  #stored: Promise<void> = Promise.resolve()

  constructor(
    deps: { readonly storage: StorageClient; readonly requester: Requester; readonly log: Logger },
    { operation, address }: { operation: string; address: string },
  ) {
    this.#deps = deps
    this.#operation = operation
    this.#address = address
  }

  /** Adds a line. */
  add(step: string, stream: OutputLine['stream'], text: string): void {
    if (step !== this.#step) this.#publish()
    this.#step = step
    const line = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text
    this.#unsent.push({ stream, line })
    this.#unstored.push(stream === 'note' ? `[${step}] ${line}` : line)
    if (this.#unstored.length > MAX_LINES) {
      this.#unstored.shift()
      this.#dropped++
    }
    if (this.#unsent.length > MAX_LINES) this.#publish()
    this.#publishTimer ??= setTimeout(() => this.#publish(), PUBLISH_AFTER)
    this.#storeTimer ??= setTimeout(() => void this.#storeInBackground(), STORE_AFTER)
  }

  /** Publishes and stores everything that is pending. */
  flush(): Promise<void> {
    this.#publish()
    clearTimeout(this.#storeTimer)
    this.#storeTimer = undefined
    const kept = this.#stored.then(() => this.#storeNext())
    this.#stored = kept.catch(() => undefined)
    return kept
  }

  /** Stores output during a long step. Lines that cannot be stored now are stored with the next ones. */
  async #storeInBackground(): Promise<void> {
    await this.flush().catch((err: unknown) => {
      this.#deps.log.debug({ err, address: this.#address }, 'Output could not be stored yet')
    })
  }

  async #storeNext(): Promise<void> {
    if (this.#unstored.length === 0) return
    const [fresh, missed] = [this.#unstored.splice(0), this.#dropped]
    this.#dropped = 0
    try {
      await this.#store(fresh, missed)
    } catch (error) {
      this.#unstored.unshift(...fresh)
      this.#dropped += missed
      throw error
    }
  }

  async #store(fresh: readonly string[], missed: number): Promise<void> {
    const id = operationHostKey(this.#operation, this.#address)
    const kept = (await this.#deps.storage.find(OperationOutput, id)) ?? { lines: [], dropped: 0 }
    const lines = [...kept.lines, ...fresh]
    const tooMany = Math.max(0, lines.length - MAX_LINES)
    const dropped = kept.dropped + missed + tooMany
    await this.#deps.storage.save(OperationOutput, { id, lines: lines.slice(tooMany), dropped })
  }

  #publish(): void {
    clearTimeout(this.#publishTimer)
    this.#publishTimer = undefined
    if (this.#unsent.length === 0) return
    const body = { operation: this.#operation, address: this.#address, step: this.#step, lines: this.#unsent }
    this.#unsent = []
    // Live output is optional; the stored lines are complete.
    this.#deps.requester
      .publish('notify.operation.output', body, { persistent: false })
      .catch((err: unknown) => this.#deps.log.debug({ err }, 'Output could not be published'))
  }
}
