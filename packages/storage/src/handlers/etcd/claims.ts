/**
 * The revision up to which foreign changes were announced, in a key that all storage processes of a cluster share. Its value is
 * `<revision, twenty digits> <who>`, so that etcd, which compares texts, compares revisions.
 */
import type { IEvent, ITxnRequest } from 'etcd3'
import { root } from '../../keys.ts'
import type { EtcdConnection } from './connection.ts'

/** The key. */
export const told = `${root}.storage/announced`

/** The right to tell of everything after a revision, up to the one that was claimed. */
export interface Claim {
  readonly after: number
}

/** One process's dealings with the key. */
export class EtcdClaims {
  readonly #connection: EtcdConnection
  readonly #id: string
  #revision = 0
  #who = ''

  constructor(connection: EtcdConnection, id: string) {
    this.#connection = connection
    this.#id = id
  }

  /** Up to which revision everything is told, as far as this process knows. */
  get told(): number {
    return this.#revision
  }

  /** Whether this process was the last that told of something. */
  get toldLast(): boolean {
    return this.#who === this.#id
  }

  /** Where to begin: where others have come to or, for the first of all, now. */
  async start(): Promise<number> {
    const { header } = await this.#connection.range({ key: Buffer.from(told) })
    const { succeeded, responses } = await this.#connection.txn({
      compare: [{ key: Buffer.from(told), target: 'Create', result: 'Equal', create_revision: '0' }],
      success: [this.#put(Number(header.revision))],
      failure: [{ request_range: { key: Buffer.from(told) } }],
    })
    const found = responses[0]?.response_range?.kvs[0]?.value.toString()
    this.#read(succeeded || !found ? this.#text(Number(header.revision)) : found)
    return this.#revision
  }

  /** Learns from the changes that were seen how far others have come. */
  observe(events: readonly IEvent[]): void {
    for (const { type, kv } of events) {
      if (type === 'Put' && kv.key.toString() === told) this.#read(kv.value.toString())
    }
  }

  /** Claims everything up to a revision; undefined when another process has it. */
  async claim(revision: number): Promise<Claim | undefined> {
    const before = this.#revision
    const { succeeded, responses } = await this.#connection.txn(this.#claiming(revision))
    const [answer] = responses
    const pair = succeeded ? answer?.response_put?.prev_kv : answer?.response_range?.kvs[0]
    if (!succeeded && !pair) return this.#claimAnew(revision)
    const found = pair?.value.toString() ?? ''
    this.#read(succeeded ? this.#text(revision) : found)
    if (succeeded) return { after: Number(found.split(' ')[0]) }
    // Not done now but ours all the same: it was done by an earlier try, of which we were not told.
    return found === this.#text(revision) ? { after: before } : undefined
  }

  /** The key is gone, say because somebody emptied etcd. */
  async #claimAnew(revision: number): Promise<Claim | undefined> {
    const { succeeded } = await this.#connection.txn({
      compare: [{ key: Buffer.from(told), target: 'Create', result: 'Equal', create_revision: '0' }],
      success: [this.#put(revision)],
    })
    const before = this.#revision
    if (succeeded) this.#read(this.#text(revision))
    return succeeded ? { after: Math.min(before, revision - 1) } : undefined
  }

  #claiming(revision: number): ITxnRequest {
    const key = Buffer.from(told)
    return {
      compare: [{ key, target: 'Value', result: 'Less', value: Buffer.from(digits(revision)) }],
      success: [this.#put(revision)],
      failure: [{ request_range: { key } }],
    }
  }

  #put(revision: number) {
    const value = Buffer.from(this.#text(revision))
    return { request_put: { key: Buffer.from(told), value, prev_kv: true } }
  }

  #text(revision: number): string {
    return `${digits(revision)} ${this.#id}`
  }

  #read(value: string): void {
    const [revision, who = ''] = value.split(' ')
    this.#revision = Number(revision)
    this.#who = who
  }
}

function digits(revision: number): string {
  return String(revision).padStart(20, '0')
}
