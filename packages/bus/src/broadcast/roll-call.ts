/**
 * Roll calls: a broadcast to every connection of the exchange, answered directly to the caller. So every process
 * answers, including all processes that share a queue and services with any routing keys. Nothing is declared or stored
 * on the broker.
 */

import { randomUUID } from 'node:crypto'
import { decodeAnswer, encodeResult } from '../rpc/json-rpc.ts'
import type { Logger } from '../logger.ts'
import type { Transport } from '../transport.ts'

/** How long a roll call waits for answers. */
export interface RollCallOptions {
  /** Milliseconds; default 1000. The number of answers is unknown, so a roll call always takes this long. */
  timeout?: number
  signal?: AbortSignal
}

const defaultTimeout = 1_000

/** The roll calls of one connection: those it makes, and its answers to others. */
export class RollCalls {
  readonly #transport: Transport
  readonly #log: Logger
  readonly #open = new Map<string, unknown[]>()
  readonly #descriptions = new Set<() => unknown>()

  constructor(transport: Transport, { log }: { log: Logger }) {
    this.#transport = transport
    this.#log = log
  }

  /** Makes a roll call; resolves with the answers that arrive in time. */
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

  /** Answers roll calls with what `describe` returns, until the result is disposed. */
  answer(describe: () => unknown): Disposable {
    this.#descriptions.add(describe)
    return { [Symbol.dispose]: () => void this.#descriptions.delete(describe) }
  }

  /** Takes an answer to a roll call of this connection; returns false for any other reply. */
  receiveReply(body: string): boolean {
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

  /** Answers a broadcast if it is a roll call. */
  receiveBroadcast(text: string): void {
    const call = this.#descriptions.size > 0 ? decodeRollCall(text) : undefined
    if (!call || call.until <= Date.now()) return
    for (const describe of this.#descriptions) {
      const reply = { queue: call.replyTo, body: encodeResult(call.id, describe()) }
      this.#transport.reply(reply).catch((cause: unknown) => {
        this.#log.debug({ id: call.id, cause }, 'could not answer a roll call')
      })
    }
  }
}

/** Reads a roll call; returns undefined for any other text. */
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
      reject(signal?.reason instanceof Error ? signal.reason : new Error('the roll call was cancelled'))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, timeout)
    if (signal?.aborted) abort()
    else signal?.addEventListener('abort', abort, { once: true })
  })
}
