/**
 * `--watch`: looks at a rolling operation until it is over, and shows where each host is. A server that does not answer
 * for a while, because it is restarted or the network is down, is waited for.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, type Api, Refused } from './api.ts'
import { route } from './route.ts'
import type { Session } from './command.ts'
import { Failure, Interrupted, NoServer, status } from './failure.ts'
import { isObject, member, textOf, textsOf } from './json-value.ts'
import { write } from './output/format.ts'
import type { View } from './output/view.ts'
import { terminalWidth } from './run.ts'
import { seconds } from './session.ts'
import { type Operation, type Progress, progressOf } from './watch/progress.ts'
import { screenOn } from './watch/screen.ts'

/** How long a server may be away before the watch is given up. */
const OUTAGE_LIMIT = 120_000
const DEFAULT_INTERVAL = 1

/** What is watched. */
export interface Watched {
  readonly kind: 'deploy' | 'restart' | 'upgrade'
  readonly cluster: string
  /** The operation as it was just told. */
  readonly first: unknown
  readonly view: View
}

/** Watches until the operation is over; status 0 when it finished, 2 when it did not. */
export async function watch(session: Session, watched: Watched): Promise<number> {
  const interval = seconds(session.given.option('interval') ?? DEFAULT_INTERVAL, '--interval') * 1000
  const screen = screenOn(session.format === 'text' ? process.stdout : process.stderr)
  const outage = new Outage(watched)
  const api = (await session.api()).quietly()
  let sight = firstSight(watched)
  for (let known: Operation | undefined = sight.operation; ; known = undefined) {
    try {
      sight = await look(api, watched, { before: sight, known })
      outage.over()
      screen.show(sight.progress)
    } catch (error) {
      outage.endure(error)
      screen.show(sight.progress, 'The server does not answer; waiting for it.')
    }
    if (sight.progress.over) break
    await pause(interval, session.signal, watched)
  }
  if (session.format !== 'text') session.print(await writeLast(sight.operation, session, watched))
  return sight.progress.status === 'finished' ? status.ok : status.failed
}

/** What was seen when we last looked. */
interface Sight {
  readonly operation: Operation
  readonly members: readonly string[]
  readonly progress: Progress
}

function firstSight({ first, kind, cluster }: Watched): Sight {
  const operation = isObject(first) ? first : {}
  return {
    operation,
    members: [],
    progress: progressOf(operation, { title: titleOf({ kind, cluster }), members: [] }),
  }
}

/** Asks the server how far the operation is, unless that is known already, and which hosts the cluster has. */
async function look(
  api: Api,
  { kind, cluster }: Watched,
  { before, known }: { before: Sight; known: Operation | undefined },
): Promise<Sight> {
  const title = titleOf({ kind, cluster })
  const operation = known ?? operationIn(await api.get(`${route`/cluster/${cluster}`}/${kind}`), title)
  const hosts = await api.get(route`/cluster/${cluster}/hosts`)
  const members = hosts.found ? textsOf(hosts.value) : before.members
  return { operation, members, progress: await withReasons(progressOf(operation, { title, members }), api) }
}

function titleOf({ kind, cluster }: Pick<Watched, 'kind' | 'cluster'>): string {
  return `${kind.charAt(0).toUpperCase()}${kind.slice(1)} of ${cluster}`
}

function operationIn(answer: Answer, title: string): Operation {
  if (answer.found && isObject(answer.value)) return answer.value
  throw new Failure(`${title}: there is no such operation any more. Was the cluster deleted?`)
}

/** Where the operation does not say why a host failed, the host itself may. */
async function withReasons(progress: Progress, api: Api): Promise<Progress> {
  const hosts = progress.hosts.map(async (host) => {
    if (host.state !== 'failed' || host.reason !== '') return host
    const answer = await api.get(route`/host/${host.address}`)
    const reason = answer.found ? textOf(member(answer.value, 'status_reason')) : undefined
    return { ...host, reason: reason ?? '' }
  })
  return { ...progress, hosts: await Promise.all(hosts) }
}

async function pause(interval: number, signal: AbortSignal, watched: Watched): Promise<void> {
  try {
    await sleep(interval, undefined, { signal })
  } catch {
    throw told(new Interrupted(), watched)
  }
}

/** Counts how long the server has been away, and loses patience in the end. */
class Outage {
  readonly #watched: Watched
  #since: number | undefined

  constructor(watched: Watched) {
    this.#watched = watched
  }

  over(): void {
    this.#since = undefined
  }

  /** Throws when this is no outage, or has been one for too long. */
  endure(error: unknown): void {
    this.#since ??= Date.now()
    const isOutage = error instanceof NoServer || (error instanceof Refused && error.httpStatus >= 500)
    if (!isOutage || Date.now() - this.#since > OUTAGE_LIMIT) throw told(error, this.#watched)
  }
}

/** Whoever stops watching wants to know that the operation goes on, and how to come back. */
function told(error: unknown, { kind, cluster }: Watched): unknown {
  const back = `The ${kind} goes on without you. Watch it again with: commctl cluster ${kind} status ${cluster} --watch`
  if (error instanceof Interrupted) return new Interrupted(back)
  if (error instanceof NoServer)
    return new Failure(`${error.message}\n${back}`, { code: error.code, cause: error })
  return error
}

function writeLast(operation: Operation, { format }: Session, { view }: Watched): Promise<string> {
  return write(operation, format, { view, width: terminalWidth() })
}
