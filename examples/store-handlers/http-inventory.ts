/**
 * A store handler: reads hosts from an inventory over HTTP.
 *
 *     { "type": "/path/to/http-inventory.ts", "name": "inventory", "url": "https://cmdb.example.com/hosts" }
 *
 * in `storage_handlers`, beside the handlers that store models; then hosts may have `"source": "inventory"`. The URL
 * answers with a list of hosts, of which only `address` is required: [{"address": "10.0.0.1", "zone": "a"}, …].
 */
import type { Place, Stored, StoreHandler } from '@commissaire/storage'
import { StoreFault } from '@commissaire/storage'
import { z } from 'zod'

/** The options of this handler in the configuration. */
export const options = z.strictObject({
  url: z.url({ protocol: /^https?$/, error: 'must be a URL that begins with http:// or https://' }),
  /** Sent as `Authorization: Bearer …`. */
  token: z.string().min(1).optional(),
  /** How many milliseconds the inventory may take to answer. */
  timeout: z.int().positive().default(3000),
  /** How many milliseconds an answer is cached. */
  max_age: z.int().nonnegative().default(10_000),
})

type Options = z.output<typeof options>

/** Whether its data survives the process: it stores nothing. */
export const lasting = false

/** It can be the source of hosts and cannot save them. */
export const readOnly = true

/** Opens the handler. The inventory is asked only when a host is read. */
export async function open(given: Options): Promise<StoreHandler> {
  return new HttpInventory(given)
}

const Inventory = z.array(z.looseObject({ address: z.string() }))

class HttpInventory implements StoreHandler {
  readonly #options: Options
  #answer: Promise<Stored[]> | undefined
  #askedAt = 0

  constructor(given: Options) {
    this.#options = given
  }

  async get({ model, key }: Place): Promise<Stored | undefined> {
    return (await this.list(model)).find((stored) => stored.key === key)
  }

  async list(model: string): Promise<Stored[]> {
    return model === 'Host' ? this.#hosts() : []
  }

  save(): Promise<never> {
    return Promise.reject(this.#readOnly())
  }

  delete(): Promise<never> {
    return Promise.reject(this.#readOnly())
  }

  async close(): Promise<void> {
    this.#answer = undefined
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Concurrent callers share one answer. A failed answer is not cached. */
  #hosts(): Promise<Stored[]> {
    if (this.#answer && performance.now() - this.#askedAt < this.#options.max_age) return this.#answer
    this.#askedAt = performance.now()
    const answer = this.#ask()
    answer.catch(() => (this.#answer = undefined))
    this.#answer = answer
    return answer
  }

  async #ask(): Promise<Stored[]> {
    const { url, token, timeout } = this.#options
    try {
      const response = await fetch(url, {
        headers: { accept: 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
        signal: AbortSignal.timeout(timeout),
      })
      if (!response.ok) throw new Error(`it answers ${response.status}`)
      const hosts = Inventory.parse(await response.json())
      return hosts.map((host) => ({
        model: 'Host',
        key: host.address,
        value: JSON.stringify(host),
        revision: '',
      }))
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new StoreFault('unreachable', `The inventory ${url} could not be read: ${reason}`, { cause })
    }
  }

  #readOnly(): StoreFault {
    return new StoreFault(
      'refused',
      `The inventory ${this.#options.url} can only be read; change the host there`,
    )
  }
}
