/**
 * Who is there? A roll call is said to every connection of the exchange, and each that has something to say about
 * itself answers straight to the caller. So every process answers, also of services that share a queue, and of those
 * whose routing keys no `ping` could reach; nothing is declared for it, and nothing stays on the broker.
 */

import { randomUUID } from 'node:crypto'
import { decodeAnswer, encodeResult } from '../rpc/json-rpc.ts'
import type { Logger } from '../logger.ts'
import type { Transport } from '../transport.ts'

/** How long to wait for answers. */
export interface RollCallOptions {
  /** Milliseconds; default 1000. Nobody knows how many will answer, so it always takes that long. */
  timeout?: number
  signal?: AbortSignal
}

const defaultTimeout = 1_000

/** The roll calls of one connection: those it makes, and its answers to those of others. */
export class RollCalls {
  readonly #transport: Transport
  readonly #log: Logger
  readonly #open = new Map<string, unknown[]>()
  readonly #present = new Set<() => unknown>()

  constructor(transport: Transport, { log }: { log: Logger }) {
    this.#transport = transport
    this.#log = log
  }

  /** Calls, and resolves with what those said who answered in time. */
  async call({ timeout = defaultTimeout, signal }: RollCallOptions = {}): Promise<unknown[]> {
    const id = `roll-call-${randomUUID()}`
    const answers: unknown[] = []
    this.#open.set(id, answers)
    try {
      await this.#transport.broadcast(
        JSON.stringify({ rollCall: id, replyTo: this.#transport.replyQueue, until: Date.now() + timeout }),
      )
      await elapsed(timeout, signal)
      return answers
    } finally {
      this.#open.delete(id)
    }
  }

  /** From now on the roll calls of others are answered with what this says. */
  answer(describe: () => unknown): Disposable {
    this.#present.add(describe)
    return { [Symbol.dispose]: () => void this.#present.delete(describe) }
  }

  /** Takes an answer to a roll call of ours; false for any other. */
  receive(body: string): boolean {
    if (!body.includes('"roll-call-')) return false
    try {
      const answer = decodeAnswer(body)
      if (!String(answer.id).startsWith('roll-call-')) return false
      if ('result' in answer) this.#open.get(String(answer.id))?.push(answer.result)
      return true
    } catch {
      return false
    }
  }

  /** Answers a roll call, if that is what was said. */
  hear(text: string): void {
    const call = this.#present.size > 0 ? decodeRollCall(text) : undefined
    if (!call || call.until <= Date.now()) return
    for (const describe of this.#present) {
      const reply = { queue: call.replyTo, body: encodeResult(call.id, describe()) }
      this.#transport.reply(reply).catch((cause: unknown) => {
        this.#log.debug({ id: call.id, cause }, 'a roll call could not be answered')
      })
    }
  }
}

/** Reads a roll call; undefined where the text is anything else. */
export function decodeRollCall(text: string): { id: string; replyTo: string; until: number } | undefined {
  try {
    const { rollCall: id, replyTo, until }: Record<string, unknown> = JSON.parse(text)
    const isOne = typeof id === 'string' && typeof replyTo === 'string' && typeof until === 'number'
    return isOne ? { id, replyTo, until } : undefined
  } catch {
    return undefined
  }
}

function elapsed(timeout: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason instanceof Error ? signal.reason : new Error('the roll call was given up'))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, timeout)
    if (signal?.aborted) abort()
    else signal?.addEventListener('abort', abort, { once: true })
  })
}
