/**
 * What people ask of an operation that is under way. Whoever hears it writes it into the operation's record; its worker
 * reads it there, within a second, and answers by what it does.
 */
import { BusError } from '@commissaire/bus'
import { Operation, ControlRequest, timestamp, type RolloutStatus } from '@commissaire/models'
import type { Rollout } from '@commissaire/rollout'
import type { StorageClient } from '@commissaire/storage'

import type { OperationRecord } from '../record/operation-record.ts'

type ControlName = ControlRequest['what']

/** In which states of an operation what may be asked. */
const allowed: Readonly<Record<ControlName, readonly RolloutStatus[]>> = {
  pause: ['in_process'],
  resume: ['pausing', 'paused'],
  cancel: ['in_process', 'pausing', 'paused'],
  retry: ['in_process', 'pausing', 'paused', 'failed'],
  skip: ['in_process', 'pausing', 'paused'],
  release: ['in_process', 'pausing', 'paused', 'cancelling'],
  throttle: ['in_process', 'pausing', 'paused'],
}

/** What may come after so many requests is refused: nobody asks that often by hand. */
const MAX_REQUESTS = 1000

/** Writes a request down. Throws 404 where there is no such operation, and 405 where it is not in a state for that. */
export async function storeControlRequest(
  storage: StorageClient,
  operation: string,
  wish: Omit<ControlRequest, 'at'>,
): Promise<Operation> {
  if (!(await storage.find(Operation, operation)))
    throw new BusError('NotFound', `There is no operation "${operation}"`, { data: { operation } })
  return storage.update(Operation, operation, (header) => {
    requireAllowed(header, wish)
    return { ...header, requests: [...header.requests, { ...wish, at: timestamp() }] }
  })
}

/** Does what was asked for since the last look; true where something was. */
export async function applyControlRequests(
  record: OperationRecord,
  release: (address: string) => Promise<boolean>,
): Promise<boolean> {
  const { requests, requests_seen } = await record.refresh()
  const fresh = requests.slice(requests_seen)
  for (const request of fresh) await actions[request.what](record, request, release)
  if (fresh.length > 0) await record.updateHeader(() => ({ requests_seen: requests.length }))
  return fresh.length > 0
}

type ControlAction = (
  record: OperationRecord,
  request: ControlRequest,
  release: (address: string) => Promise<boolean>,
) => Promise<void>

const actions: Readonly<Record<ControlName, ControlAction>> = {
  pause: async (record, { reason, by }) => {
    const why = reason || 'paused by hand'
    if (record.rollout.status === 'in_process')
      await record.append({ type: 'pausing', reason: why, ...stamp(by) }, { reason: why })
  },
  resume: async (record, { by }) => {
    if (record.rollout.status !== 'pausing' && record.rollout.status !== 'paused') return
    await record.append({ type: 'resumed', ...stamp(by) }, { reason: '' })
  },
  cancel: async (record, { reason, by }) => {
    const why = reason || 'cancelled by hand'
    if (!allowed.cancel.includes(record.rollout.status)) return
    await record.append({ type: 'cancelling', reason: why, ...stamp(by) }, { reason: why })
  },
  retry: async (record, { hosts, by }) => {
    const { rollout } = record
    for (const address of targetsOf(rollout, hosts, ['failed']))
      await record.appendToHost(address, { type: 'retried', ...stamp(by) })
    if (rollout.status === 'failed' || rollout.status === 'paused' || rollout.status === 'pausing')
      await record.append({ type: 'resumed', ...stamp(by) }, { reason: '', finished_at: '' })
  },
  skip: async (record, { hosts, reason, by }) => {
    for (const address of targetsOf(record.rollout, hosts, ['waiting', 'failed']))
      await record.appendToHost(address, {
        type: 'skipped',
        reason: reason || 'skipped by hand',
        ...stamp(by),
      })
  },
  release: async (record, { hosts }, release) => {
    for (const address of targetsOf(record.rollout, hosts, ['working'])) await release(address)
  },
  throttle: async (record, { max_unavailable, by }) => {
    if (max_unavailable === undefined) return
    await record.append({ type: 'throttled', max_unavailable, ...stamp(by) })
  },
}

/** When, and who asked, for the journal. */
function stamp(by: string): { at: number; by?: string } {
  return { at: Date.now(), ...(by !== '' && { by }) }
}

/** The hosts that a request deps: those that are named, or all, as far as they are in such a state. */
function targetsOf(
  rollout: Rollout,
  hosts: readonly string[],
  states: readonly ('waiting' | 'working' | 'failed')[],
) {
  const able = states.flatMap((state) => [...rollout.in(state)])
  return hosts.length === 0 ? able : able.filter((address) => hosts.includes(address))
}

function requireAllowed(
  { id, status, requests }: Operation,
  { what, hosts, max_unavailable }: Omit<ControlRequest, 'at'>,
): void {
  const data = { operation: id, status }
  if (!allowed[what].includes(status))
    throw new BusError(
      'NotAllowed',
      `Operation ${id} is ${status}; ${what} is for one that is ${allowed[what].join(' or ')}`,
      { data },
    )
  if (what === 'skip' && hosts.length === 0)
    throw new BusError('InvalidParams', 'Say which hosts to skip: "hosts" is empty', { data })
  if (what === 'throttle' && (max_unavailable === undefined || /^0+(\.0+)?%?$/.test(String(max_unavailable))))
    throw new BusError(
      'InvalidParams',
      `"max_unavailable" is ${max_unavailable ?? 'missing'}; allow at least one host`,
      { data },
    )
  if (requests.length >= MAX_REQUESTS)
    throw new BusError(
      'NotAllowed',
      `Operation ${id} was asked for ${MAX_REQUESTS} changes; cancel it and begin another`,
      { data },
    )
}
