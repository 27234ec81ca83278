/**
 * Reports changes by other tools, such as `etcdctl`, each once, although every storage process of the cluster watches.
 *
 * A write of a store also writes the key `writtenKey` in the same revision and is skipped: its writer announces it before
 * its reply. All other changes are claimed: the revision up to which changes were announced is in a key of its own, and the
 * process that advances this key, in a transaction, announces the changes in between. There is no elected leader, so that no
 * process has to notice the death of one: the next change is claimed by another process.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { IEvent } from 'etcd3'
import type { ForeignChange, HandlerLog } from '../../handler.ts'
import { placeAt } from '../../keys.ts'
import { type Claim, EtcdClaims, told } from './claims.ts'
import type { EtcdConnection } from './connection.ts'
import { writtenKey } from './transactions.ts'
import { follow } from './watch.ts'

type Hear = (change: ForeignChange) => Promise<void>

/** Listens until it is disposed of; waits then until the change in hand is told. */
export function hearForeign(
  connection: EtcdConnection,
  hear: Hear,
  { log }: { log: HandlerLog },
): AsyncDisposable {
  const stop = new AbortController()
  const done = listen(connection, hear, { log, signal: stop.signal })
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      await done
    },
  }
}

interface Means {
  readonly log: HandlerLog
  readonly signal: AbortSignal
}

async function listen(connection: EtcdConnection, hear: Hear, { log, signal }: Means): Promise<void> {
  const claims = new EtcdClaims(connection, randomUUID())
  const start = await untilDone(() => claims.start(), { log, signal })
  if (start === undefined) return
  const onGap = (next: number) =>
    log.info(
      { next },
      'etcd has forgotten older changes; those made with other tools may not have been announced',
    )
  const onState = (err: unknown) =>
    err === undefined
      ? log.info({}, 'The watch of etcd works again')
      : log.warn(
          { err },
          'The watch of etcd broke; changes made with other tools are announced when it works again',
        )
  for await (const { revision, events } of follow(connection, { from: start + 1, signal, onGap, onState })) {
    claims.observe(events)
    const foreign = foreignOf(events)
    if (foreign.length === 0 && revision - claims.told < longestSilence) continue
    // Whoever told last goes first, so that changes are told in their order while all are well.
    if (!claims.toldLast) await delay(courtesy, undefined, { signal }).catch(() => undefined)
    const claim = await untilDone(() => claims.claim(revision), { log, signal })
    for (const event of claimed(foreign, claim)) await hear(asChange(event))
  }
}

const courtesy = 250

/** So many revisions of ours may pass before the place where all has been told is moved on: a start reads that many. */
const longestSilence = 1000

/** The changes of revisions that no store of ours made. */
function foreignOf(events: readonly IEvent[]): IEvent[] {
  const ours = new Set(
    events
      .filter(({ kv }) => [writtenKey, told].includes(kv.key.toString()))
      .map(({ kv }) => kv.mod_revision),
  )
  return events.filter(({ kv }) => !ours.has(kv.mod_revision) && placeAt(kv.key.toString()))
}

function claimed(foreign: readonly IEvent[], claim: Claim | undefined): readonly IEvent[] {
  if (!claim) return []
  return foreign.filter(({ kv }) => Number(kv.mod_revision) > claim.after)
}

function asChange({ type, kv, prev_kv }: IEvent): ForeignChange {
  const place = placeAt(kv.key.toString()) ?? { model: '', key: '' }
  if (type === 'Delete') return { ...place, event: 'deleted', value: prev_kv?.value.toString() }
  const event = kv.create_revision === kv.mod_revision ? 'created' : 'updated'
  return { ...place, event, value: kv.value.toString() }
}

/** Tries until it is done or there is no more need. */
async function untilDone<T>(work: () => Promise<T>, { log, signal }: Means): Promise<T | undefined> {
  for (let said = false; !signal.aborted; said = true) {
    try {
      return await work()
    } catch (err) {
      if (!said) log.warn({ err }, 'Changes made with other tools are not announced until etcd answers again')
      await delay(1000, undefined, { signal }).catch(() => undefined)
    }
  }
  return undefined
}
