/**
 * Watches everything below `/commissaire/`, revision by revision, across broken connections and restarts of servers.
 */
import { on } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { IEvent, IWatchResponse } from 'etcd3'
import { root } from '../../keys.ts'
import type { EtcdConnection, WatchStream } from './connection.ts'
import { pathAfter } from './pages.ts'

/** What changed; etcd never parts the changes of one revision. */
export interface Batch {
  /** The last revision that this tells of. */
  readonly revision: number
  readonly events: readonly IEvent[]
}

/** How to follow. */
export interface FollowOptions {
  /** The first revision to be told of. */
  readonly from: number
  readonly signal: AbortSignal
  /** Called when revisions up to this one are not known any more, so that what changed in them is lost. */
  readonly onGap: (next: number) => void
  /** Called once when the watch breaks, with the reason, and once when it works again. */
  readonly onState: (error: unknown) => void
}

/** Follows until the signal aborts. */
export async function* follow(
  connection: EtcdConnection,
  { from, signal, onGap, onState }: FollowOptions,
): AsyncGenerator<Batch> {
  let next = from
  let isBroken = false
  while (!signal.aborted) {
    try {
      for await (const response of responses(connection, next, signal)) {
        if (isBroken) onState(undefined)
        isBroken = false
        const start = restart(response, next)
        if (start !== undefined) {
          onGap(start)
          next = start
          break
        }
        if (response.events.length === 0) continue
        const revision = Math.max(...response.events.map(({ kv }) => Number(kv.mod_revision)))
        next = revision + 1
        yield { revision, events: response.events }
      }
    } catch (error) {
      if (!isBroken && !signal.aborted) onState(error)
      isBroken = true
    }
    await delay(pause, undefined, { signal }).catch(() => undefined)
  }
}

const pause = 250

/** Where to begin anew when what was asked for has been compacted, or when the server's history is shorter than ours. */
function restart({ created, header, compact_revision }: IWatchResponse, next: number): number | undefined {
  if (Number(compact_revision) > 0) return Number(compact_revision)
  const newest = Number(header.revision)
  return created && newest + 1 < next ? newest + 1 : undefined
}

async function* responses(
  connection: EtcdConnection,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<IWatchResponse> {
  const stream = await connection.watch({
    key: Buffer.from(root),
    range_end: pathAfter(root),
    start_revision: String(from),
    prev_kv: true,
  })
  try {
    for await (const [response] of on(asEmitter(stream), 'data', { signal, close: ['end'] })) {
      yield response
      if (response.canceled) return
    }
  } finally {
    stream.cancel()
  }
}

/** The library does not say so, but its streams are Node's. */
function asEmitter(stream: WatchStream): NodeJS.EventEmitter {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return stream as unknown as NodeJS.EventEmitter
}
