/**
 * An operation as it is stored: one record for the operation and one for each host, so that a step of one host of ten
 * thousand writes only the record of that host. Entries are stored before the state machine applies them.
 */
import { isDeepStrictEqual } from 'node:util'

import { Operation, OperationHost, operationHostKey, OperationHosts, timestamp } from '@commissaire/models'
import {
  type HostEntry,
  type HostProgress,
  type Member,
  type OperationEntry,
  Rollout,
  stepsOf,
} from '@commissaire/rollout'
import type { StorageClient } from '@commissaire/storage'

import type { Lease } from '../../shared/lease.ts'
import { OperationLost } from '../../shared/operation-lost.ts'
import type { OperationCounter } from '../operation-metrics.ts'
import { hostNotificationOf, type Notify, notificationOf } from '../notification/operation-notifications.ts'

/** How many host records are written in one message. etcd takes 128 in one transaction by default. */
const BATCH = 100

/** The records of one operation, and the state machine over them. */
export class OperationRecord {
  readonly rollout: Rollout
  readonly #storage: StorageClient
  readonly #written = new Map<string, number>()
  #lease: Lease | undefined
  #notify: Notify | undefined
  #counter: OperationCounter | undefined
  #header: Operation

  private constructor(storage: StorageClient, header: Operation, hosts: readonly OperationHost[]) {
    this.#storage = storage
    this.#header = header
    this.rollout = rolloutOf(header, hosts)
    for (const { address, journal } of hosts) this.#written.set(address, journal.length)
  }

  /** Stores a new operation. Its own record is stored last, so that a partly stored operation does not exist. */
  static async create(
    storage: StorageClient,
    header: Operation,
    members: readonly Member[],
  ): Promise<OperationRecord> {
    const hosts = members.map((member, position) => hostOf(header.id, member, position))
    for (let from = 0; from < hosts.length; from += BATCH)
      await storage.saveAll(OperationHost, hosts.slice(from, from + BATCH))
    const counted = { ...header, hosts: { waiting: members.length } }
    return new OperationRecord(storage, await storage.save(Operation, counted, { revision: null }), hosts)
  }

  /** Loads an operation; undefined if there is none. */
  static async load(storage: StorageClient, id: string): Promise<OperationRecord | undefined> {
    const header = await storage.find(Operation, id)
    if (!header) return undefined
    const hosts = await storage.list(OperationHosts, { prefix: `${id}/` })
    return new OperationRecord(
      storage,
      header,
      hosts.toSorted((one, other) => one.position - other.position),
    )
  }

  /** From now on changes require this lease. */
  requireLease(lease: Lease): void {
    this.#lease = lease
  }

  /** From now on notifications are sent by this function. */
  notifyWith(notify: Notify): void {
    this.#notify = notify
  }

  /** From now on events are counted. */
  countWith(counter: OperationCounter): void {
    this.#counter = counter
  }

  /** The record of the operation as it was last stored or read. */
  get header(): Operation {
    return this.#header
  }

  get id(): string {
    return this.#header.id
  }

  /** Appends entries to the journal of a host, and applies them. */
  async appendToHost(address: string, ...entries: HostEntry[]): Promise<void> {
    this.#lease?.requireHeld()
    const known = this.#written.get(address) ?? 0
    const next = entries.length > 0 && this.rollout.rehearse(address, entries)
    if (!next) return
    await this.#storage.update(OperationHost, operationHostKey(this.id, address), (host) => {
      if (host.journal.length !== known) throw new OperationLost(`${address} was written by another worker`)
      return { ...host, ...hostFields(next), journal: [...host.journal, ...entries] }
    })
    this.#written.set(address, known + entries.length)
    for (const entry of entries) this.rollout.applyTo(address, entry)
    this.#counter?.appendedToHost(address, entries, this.rollout.progress(address))
    await this.#notifyOfHost(address, entries.at(-1))
    this.#lease?.requireHeld()
  }

  /** Appends an entry to the journal of the operation, and applies it. */
  async append(entry: OperationEntry, change: Partial<Operation> = {}): Promise<void> {
    this.#lease?.requireHeld()
    this.rollout.apply(entry)
    await this.updateHeader((header) => ({ ...change, journal: [...header.journal, entry] }))
    this.#counter?.appended(entry)
    const notification = notificationOf(entry)
    if (notification) await this.#notify?.(notification, this.#header)
  }

  async #notifyOfHost(address: string, entry: HostEntry | undefined): Promise<void> {
    const progress = this.rollout.progress(address)
    const notification = entry && hostNotificationOf(entry, progress)
    if (!notification) return
    const { state, failedAt: step = '', reason, code } = progress
    await this.#notify?.(notification, this.#header, { address, state, step, reason, code })
  }

  /** Stores a change of the operation's record, together with its status and counts. */
  async updateHeader(change: (header: Operation) => Partial<Operation> = () => ({})): Promise<Operation> {
    this.#header = await this.#storage.update(Operation, this.id, (header) => ({
      ...header,
      status: this.rollout.status,
      hosts: countsOf(this.rollout),
      ...change(header),
    }))
    return this.#header
  }

  /** Whether the record that was last stored or read has the current status and counts. */
  get isUpToDate(): boolean {
    const { status, hosts } = this.#header
    return status === this.rollout.status && isDeepStrictEqual(hosts, countsOf(this.rollout))
  }

  /** Reads the record again, as control requests may have been added. */
  async refresh(): Promise<Operation> {
    this.#header = await this.#storage.get(Operation, this.id)
    return this.#header
  }
}

function rolloutOf(header: Operation, hosts: readonly OperationHost[]): Rollout {
  const members = hosts.map(({ address, zone, is_control_plane }) => ({
    address,
    zone,
    isControlPlane: is_control_plane,
  }))
  const plan = { members, steps: stepsOf(header.kind), policy: header.policy }
  // Journals are written by this class alone, and the state machine refuses entries that cannot follow.
  const operation = header.journal as unknown as OperationEntry[]
  const entries = hosts.map(({ address, journal }) => [address, journal as unknown as HostEntry[]] as const)
  return new Rollout(plan, { operation, hosts: new Map(entries) })
}

function hostOf(
  operation: string,
  { address, zone, isControlPlane }: Member,
  position: number,
): OperationHost {
  return {
    id: operationHostKey(operation, address),
    operation,
    address,
    position,
    zone,
    is_control_plane: isControlPlane,
    state: 'waiting',
    step: '',
    reason: '',
    code: '',
    started_at: '',
    finished_at: '',
    journal: [],
  }
}

function hostFields(progress: HostProgress): Partial<OperationHost> {
  const { state, began, failedAt, done, reason, code, startedAt, endedAt } = progress
  return {
    state,
    step: began ?? failedAt ?? done.at(-1) ?? '',
    reason,
    code,
    started_at: startedAt === undefined ? '' : timestamp(new Date(startedAt)),
    finished_at: endedAt === undefined ? '' : timestamp(new Date(endedAt)),
  }
}

function countsOf(rollout: Rollout): Operation['hosts'] {
  const states = ['waiting', 'working', 'done', 'failed', 'skipped', 'untouched'] as const
  const counted = states.map((state) => [state, rollout.in(state).size] as const)
  return Object.fromEntries(counted.filter(([, count]) => count > 0))
}
