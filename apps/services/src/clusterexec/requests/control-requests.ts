/**
 * Control requests: pause, resume, cancel, retry, skip, release and throttle. The process that receives a request stores it in
 * the record of the operation; the worker of the operation reads it there within a second, and applies it.
 */
import { BusError } from '@commissaire/bus'
import { Operation, ControlRequest, timestamp, type RolloutStatus } from '@commissaire/models'
import type { Rollout } from '@commissaire/rollout'
import type { StorageClient } from '@commissaire/storage'

import type { OperationRecord } from '../record/operation-record.ts'

type ControlName = ControlRequest['what']

/** The states of an operation in which each request is allowed. */
const allowed: Readonly<Record<ControlName, readonly RolloutStatus[]>> = {
  pause: ['in_process'],
  resume: ['pausing', 'paused'],
  cancel: ['in_process', 'pausing', 'paused'],
  retry: ['in_process', 'pausing', 'paused', 'failed'],
  skip: ['in_process', 'pausing', 'paused'],
  release: ['in_process', 'pausing', 'paused', 'cancelling'],
  throttle: ['in_process', 'pausing', 'paused'],
}

/** How many requests an operation takes. More than that are refused, as they come from a faulty program. */
const MAX_REQUESTS = 1000

/** Stores a request. Throws `NotFound` if there is no such operation, and `NotAllowed` if its state does not allow the request. */
export async function storeControlRequest(
  storage: StorageClient,
  operation: string,
  request: Omit<ControlRequest, 'at'>,
): Promise<Operation> {
  if (!(await storage.find(Operation, operation)))
    throw new BusError('NotFound', `There is no operation "${operation}"`, { data: { operation } })
  return storage.update(Operation, operation, (header) => {
    requireAllowed(header, request)
    return { ...header, requests: [...header.requests, { ...request, at: timestamp() }] }
  })
}

/** Applies the requests that were stored since the last call. Returns true if there were any. */
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

/** The time and the requester, for the journal. */
function stamp(by: string): { at: number; by?: string } {
  return { at: Date.now(), ...(by !== '' && { by }) }
}

/** The hosts that a request applies to: those named, or all, as far as they are in one of the states. */
function targetsOf(
  rollout: Rollout,
  hosts: readonly string[],
  states: readonly ('waiting' | 'working' | 'failed')[],
) {
  const candidates = states.flatMap((state) => [...rollout.in(state)])
  return hosts.length === 0 ? candidates : candidates.filter((address) => hosts.includes(address))
}

function requireAllowed(
  { id, status, requests }: Operation,
  { what, hosts, max_unavailable }: Omit<ControlRequest, 'at'>,
): void {
  const data = { operation: id, status }
  if (!allowed[what].includes(status))
    throw new BusError(
      'NotAllowed',
      `Operation ${id} is ${status}; ${what} is allowed while it is ${allowed[what].join(' or ')}`,
      { data },
    )
  if (what === 'skip' && hosts.length === 0)
    throw new BusError('InvalidParams', '"hosts" is empty; name the hosts to skip', { data })
  if (what === 'throttle' && (max_unavailable === undefined || /^0+(\.0+)?%?$/.test(String(max_unavailable))))
    throw new BusError(
      'InvalidParams',
      `"max_unavailable" is ${max_unavailable ?? 'missing'}; allow at least one host`,
      { data },
    )
  if (requests.length >= MAX_REQUESTS)
    throw new BusError(
      'NotAllowed',
      `Operation ${id} has taken ${MAX_REQUESTS} requests; cancel it and start another`,
      { data },
    )
}
