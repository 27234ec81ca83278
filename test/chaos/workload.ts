/**
 * Clients that use the system while it is being hurt, and write down what they were told. They do not repeat a call of which
 * they have no answer: whether it was done is then unknown.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Bus } from '@commissaire/bus'
import { Network, parseModel } from '@commissaire/models'
import { StorageClient } from '@commissaire/storage'
import type { World } from '../scenarios/worlds/world.ts'
import type { History, Outcome } from './history.ts'

/** The network whose options hold the shared counter. */
export const counterName = 'chaos-counter'

/** A client: works until the signal is aborted. */
export type Client = (signal: AbortSignal) => Promise<void>

/** All clients. */
export function clientsOf(world: World, bus: Bus, history: History): Client[] {
  const writers = Array.from({ length: 4 }, (_, index) => writer(world, history, `writer-${index}`))
  const counters = Array.from({ length: 3 }, () => counter(bus, history))
  return [...writers, ...counters, sender(bus, history), operator(world, history, 'chaos')]
}

/** Creates networks and deletes every second one. */
function writer(world: World, history: History, prefix: string): Client {
  return async (signal) => {
    for (let number = 0; !signal.aborted; number++) {
      const key = `${prefix}-${number}`
      history.add({ type: 'write', action: 'put', key, outcome: await call(world, 'PUT', `/network/${key}`) })
      if (number % 2 === 0) continue
      const last = `${prefix}-${number - 1}`
      history.add({
        type: 'write',
        action: 'delete',
        key: last,
        outcome: await call(world, 'DELETE', `/network/${last}`),
      })
      await pause(20)
    }
  }
}

async function call(world: World, method: string, path: string): Promise<Outcome> {
  try {
    const { status } = await world.api(method, path, {})
    // A deletion whose process died before its answer is done again by the next, which finds nothing.
    if (status < 300 || (method === 'DELETE' && status === 404)) return 'done'
    return status < 500 ? 'refused' : 'unknown'
  } catch {
    await pause(100)
    return 'unknown'
  }
}

/** Adds one to a counter that others add to as well. */
function counter(bus: Bus, history: History): Client {
  const storage = new StorageClient(bus)
  const increment = ({ options, ...rest }: Network): Network =>
    parseModel(Network, { ...rest, options: { ...options, value: Number(options['value'] ?? 0) + 1 } })
  return async (signal) => {
    while (!signal.aborted) {
      const outcome = await storage.update(Network, counterName, increment).then(
        (): Outcome => 'done',
        (): Outcome => 'unknown',
      )
      history.add({ type: 'increment', outcome })
      await pause(outcome === 'done' ? 10 : 200)
    }
  }
}

/** Sends messages, some with a deadline, to a service of ours. */
function sender(bus: Bus, history: History): Client {
  return async (signal) => {
    while (!signal.aborted) {
      const id = randomUUID()
      const outcome = await bus.notify('chaos.note', { id }).then(
        (): Outcome => 'done',
        (): Outcome => 'unknown',
      )
      history.add({ type: 'sent', id, outcome })
      const params = { id: randomUUID(), deadline: Date.now() + 2000 }
      await bus.request('chaos.ask', params, { timeout: 2000 }).catch(() => pause(100))
      await pause(10)
    }
  }
}

/** Serves those messages, and writes down when each was handled. */
export async function serveNotes(bus: Bus, history: History): Promise<void> {
  await bus.serve(
    { name: 'chaos', routingKeys: ['chaos.*'] },
    {
      handler: ({ params }) => {
        const { id, deadline = Infinity } = params as { id: string; deadline?: number }
        history.add({ type: 'handled', id, late: Date.now() - deadline })
        return null
      },
    },
  )
}

interface Shown {
  readonly status: string
  readonly operation: string
}

/** Restarts the hosts of a cluster again and again; an operation that pauses is cancelled. */
function operator(world: World, history: History, cluster: string): Client {
  const path = `/cluster/${cluster}/restart`
  return async (signal) => {
    while (!signal.aborted) {
      const begun = await world.api<Shown>('PUT', path, {}).catch(() => undefined)
      if (begun?.status !== 201) {
        await cancelAny(world, path)
        await pause(500)
        continue
      }
      const { operation: id } = begun.body
      history.add({ type: 'operation', cluster, phase: 'begun', id, status: '' })
      const status = await untilOver(world, path, signal)
      history.add({ type: 'operation', cluster, phase: 'over', id, status })
    }
  }
}

async function untilOver(world: World, path: string, signal: AbortSignal): Promise<string> {
  for (;;) {
    const answer = await world.api<Shown>('GET', path).catch(() => undefined)
    const status = answer?.status === 200 ? answer.body.status : 'in_process'
    if (status === 'paused' || (signal.aborted && status === 'in_process')) await cancelAny(world, path)
    else if (status !== 'in_process') return status
    await pause(200)
  }
}

/** Cancels the present operation of the cluster, if there is one. */
export async function cancelAny(world: World, path: string): Promise<void> {
  const answer = await world.api<Shown>('GET', path).catch(() => undefined)
  if (answer?.status !== 200) return
  const { status, operation } = answer.body
  if (status === 'paused' || status === 'in_process')
    await world.api('PUT', `/operations/${operation}/cancel`, {}).catch(() => undefined)
}
