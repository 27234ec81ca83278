/**
 * What commands on the hosts of an operation print: sent out line by line for whoever watches, and the last lines of
 * each host kept with the operation.
 */
import type { Logger, Requester } from '@commissaire/bus'
import { OperationOutput, operationHostKey } from '@commissaire/models'
import type { StorageClient } from '@commissaire/storage'

/** One line, and where it was printed; `note` is what the step itself says. */
export interface OutputLine {
  readonly stream: 'stdout' | 'stderr' | 'note'
  readonly line: string
}

/** So many lines of a host are kept, and so much of a line. */
const MOST_LINES = 1000
const LONGEST = 2000
/** Milliseconds for which lines are collected before they are sent, and before they are kept. */
const COLLECT = 200
const KEEP = 3000

/** The lines of one host. */
export class HostOutput {
  readonly #deps: { readonly storage: StorageClient; readonly requester: Requester; readonly log: Logger }
  readonly #operation: string
  readonly #address: string
  #step = ''
  #fresh: OutputLine[] = []
  #unsaved: string[] = []
  #missed = 0
  #timer: NodeJS.Timeout | undefined
  #keeping: NodeJS.Timeout | undefined
  #kept: Promise<void> = Promise.resolve()

  constructor(
    deps: { readonly storage: StorageClient; readonly requester: Requester; readonly log: Logger },
    { operation, address }: { operation: string; address: string },
  ) {
    this.#deps = deps
    this.#operation = operation
    this.#address = address
  }

  /** Takes a line in. */
  add(step: string, stream: OutputLine['stream'], text: string): void {
    if (step !== this.#step) this.#send()
    this.#step = step
    const line = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
    this.#fresh.push({ stream, line })
    this.#unsaved.push(stream === 'note' ? `[${step}] ${line}` : line)
    if (this.#unsaved.length > MOST_LINES) {
      this.#unsaved.shift()
      this.#missed++
    }
    if (this.#fresh.length > MOST_LINES) this.#send()
    this.#timer ??= setTimeout(() => this.#send(), COLLECT)
    this.#keeping ??= setTimeout(() => void this.#keepMeanwhile(), KEEP)
  }

  /** Sends and keeps what is not sent and kept yet. */
  flush(): Promise<void> {
    this.#send()
    clearTimeout(this.#keeping)
    this.#keeping = undefined
    const kept = this.#kept.then(() => this.#keep())
    this.#kept = kept.catch(() => undefined)
    return kept
  }

  /** While a long step goes on; what cannot be kept now is kept with what comes next. */
  async #keepMeanwhile(): Promise<void> {
    await this.flush().catch((err: unknown) => {
      this.#deps.log.debug({ err, address: this.#address }, 'Output could not be kept yet')
    })
  }

  async #keep(): Promise<void> {
    if (this.#unsaved.length === 0) return
    const [fresh, missed] = [this.#unsaved.splice(0), this.#missed]
    this.#missed = 0
    try {
      await this.#store(fresh, missed)
    } catch (error) {
      this.#unsaved.unshift(...fresh)
      this.#missed += missed
      throw error
    }
  }

  async #store(fresh: readonly string[], missed: number): Promise<void> {
    const id = operationHostKey(this.#operation, this.#address)
    const kept = (await this.#deps.storage.find(OperationOutput, id)) ?? { lines: [], dropped: 0 }
    const lines = [...kept.lines, ...fresh]
    const tooMany = Math.max(0, lines.length - MOST_LINES)
    const dropped = kept.dropped + missed + tooMany
    await this.#deps.storage.save(OperationOutput, { id, lines: lines.slice(tooMany), dropped })
  }

  #send(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#fresh.length === 0) return
    const body = { operation: this.#operation, address: this.#address, step: this.#step, lines: this.#fresh }
    this.#fresh = []
    // Nobody has to be listening.
    this.#deps.requester
      .publish('notify.operation.output', body, { persistent: false })
      .catch((err: unknown) => this.#deps.log.debug({ err }, 'Output could not be sent'))
  }
}
