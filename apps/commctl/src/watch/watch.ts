/**
 * Watches a rolling operation until it is over or waits for somebody, and shows where each host is. A server that does
 * not answer for a while, because it is restarted or the network is down, is waited for.
 */
import { type Api, Refused } from '../client/api.ts'
import type { Session } from '../cli/command.ts'
import { Failure, Interrupted, NoServer, status } from '../cli/failure.ts'
import { write } from '../output/format.ts'
import type { View } from '../output/view.ts'
import { terminalWidth } from '../cli/run.ts'
import { seconds } from '../cli/session.ts'
import { Bell } from './change-signal.ts'
import type { Progress } from './progress.ts'
import { screenOn } from './screen.ts'

/** How long a server may be away before the watch is given up. */
const OUTAGE_LIMIT = 120_000
const DEFAULT_INTERVAL = 1

/** What was seen at one look. */
export interface Sight {
  /** As the server tells of it. */
  readonly value: unknown
  readonly progress: Progress
}

/** What is watched. */
export interface Watched {
  /** What is known before the first look. */
  readonly first: Sight
  readonly view: View
  /** By what it can be steered from elsewhere in the meantime, which is told at the beginning. */
  readonly id?: string
  /** The words after `commctl` by which it is watched again. */
  readonly again: string
  look(api: Api): Promise<Sight>
  /** What is printed in the end where a format was asked for; without it what was seen last. */
  last?(api: Api): Promise<unknown>
}

/** Watches; status 0 when it finished, 3 when it did not. */
export async function watch(session: Session, watched: Watched): Promise<number> {
  const interval = seconds(session.parsed.option('interval') ?? DEFAULT_INTERVAL, '--interval') * 1000
  const screen = screenOn(session.format === 'text' ? process.stdout : process.stderr)
  const api = (await session.api()).quietly()
  if (watched.id !== undefined) session.tell(`Operation ${watched.id}`)
  let sight = watched.first
  for await (const seen of sights(api, watched, { interval, signal: session.signal })) {
    sight = seen ?? sight
    screen.show(sight.progress, seen ? undefined : 'The server does not answer; waiting for it.')
  }
  if (session.format !== 'text') session.print(await writeLast(sight, { api, session, watched }))
  return sight.progress.status === 'finished' ? status.ok : status.stopped
}

/** What can be seen, until it is over; undefined while the server does not answer. It looks whenever the bell rings. */
async function* sights(
  api: Api,
  watched: Watched,
  { interval, signal }: { interval: number; signal: AbortSignal },
): AsyncGenerator<Sight | undefined> {
  const outage = new Outage(watched)
  using bell = Bell.for(api, watched.id, interval)
  for (let isOver = false; !isOver;) {
    const sight = await watched.look(api).catch((error: unknown) => outage.endure(error))
    if (sight) outage.over()
    yield sight
    isOver = sight?.progress.over ?? false
    if (!isOver) await pause(bell, signal, watched)
  }
}

async function pause(bell: Bell, signal: AbortSignal, watched: Watched): Promise<void> {
  try {
    await bell.rings(signal)
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
  endure(error: unknown): undefined {
    this.#since ??= Date.now()
    const isOutage = error instanceof NoServer || (error instanceof Refused && error.httpStatus >= 500)
    if (!isOutage || Date.now() - this.#since > OUTAGE_LIMIT) throw told(error, this.#watched)
    return undefined
  }
}

/** Whoever stops watching wants to know that the operation goes on, and how to come back. */
function told(error: unknown, { again }: Watched): unknown {
  const back = `The operation goes on without you. Watch it again with: commctl ${again}`
  if (error instanceof Interrupted) return new Interrupted(back)
  if (error instanceof NoServer)
    return new Failure(`${error.message}\n${back}`, { code: error.code, cause: error })
  return error
}

async function writeLast(
  { value }: Sight,
  { api, session, watched }: { api: Api; session: Session; watched: Watched },
): Promise<string> {
  const last = watched.last ? await watched.last(api) : value
  return write(last, session.format, { view: watched.view, width: terminalWidth() })
}
