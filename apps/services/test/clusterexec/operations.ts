/** Operations as tests speak of them: begun, asked, waited for, and what is written of their hosts. */
import { until } from '@commissaire/testing'
import {
  Operation,
  OperationHost,
  operationHostKey,
  OperationOutput,
  type ControlRequest,
} from '@commissaire/models'
import type { FakeHost, FakeHostOptions } from '@commissaire/hosts/testing'

import { type TestSystem } from '../system.ts'

/** An operation over the cluster `web`. */
export class Rolling {
  readonly id: string
  readonly #system: TestSystem

  private constructor(system: TestSystem, id: string) {
    this.#system = system
    this.id = id
  }

  /** Begins one; what is not said is careful and quick. */
  static async start(
    system: TestSystem,
    wish: Readonly<Record<string, unknown>> & { readonly policy?: object },
  ): Promise<Rolling> {
    const { policy = {}, ...rest } = wish
    const quick = { health: { ready_for: 0, within: 15 }, order: 'given' }
    const given = { cluster_name: 'web', ...rest, policy: { ...quick, ...policy } }
    const { id } = await system.bus.request<Operation>('jobs.clusterexec.start', given)
    return new Rolling(system, id)
  }

  get(): Promise<Operation> {
    return this.#system.storage.get(Operation, this.id)
  }

  /** How far that host is. */
  host({ address }: Pick<FakeHost, 'address'>): Promise<OperationHost> {
    return this.#system.storage.get(OperationHost, operationHostKey(this.id, address))
  }

  /** Asks it for something. */
  ask(what: ControlRequest['what'], more: object = {}): Promise<Operation> {
    return this.#system.bus.request('jobs.clusterexec.ask', { operation: this.id, what, ...more })
  }

  /** Waits until it has come to one of those statuses. */
  until(...statuses: Operation['status'][]): Promise<Operation> {
    return until(
      async () => {
        const operation = await this.get()
        return statuses.includes(operation.status) ? operation : undefined
      },
      undefined,
      { timeout: 40_000 },
    )
  }

  /** Waits until that host is in that step. */
  untilIn(host: Pick<FakeHost, 'address'>, step: string): Promise<OperationHost> {
    return until(
      async () => {
        const now = await this.host(host)
        return now.state === 'working' && now.step === step ? now : undefined
      },
      undefined,
      { timeout: 40_000 },
    )
  }

  /** The last lines that its commands and steps said. */
  async output({ address }: Pick<FakeHost, 'address'>): Promise<readonly string[]> {
    const found = await this.#system.storage.find(OperationOutput, operationHostKey(this.id, address))
    return found?.lines ?? []
  }

  /** Waits until that host has ended, and tells how. */
  untilEnded(host: Pick<FakeHost, 'address'>): Promise<OperationHost> {
    return until(
      async () => {
        const now = await this.host(host)
        return now.finished_at ? now : undefined
      },
      undefined,
      { timeout: 40_000 },
    )
  }
}

/** So many hosts in the cluster `web`. */
export async function fleet(
  system: TestSystem,
  count: number,
  options: FakeHostOptions = {},
): Promise<FakeHost[]> {
  const hosts: FakeHost[] = []
  for (let index = 0; index < count; index++) hosts.push(await system.activeHost(options))
  await system.cluster('web', hosts)
  return hosts
}

/** The steps that a host was taken through, as its journal has them. */
export function stepsIn({ journal }: OperationHost): string[] {
  return journal.filter(({ type }) => type === 'step_done').map(({ step }) => String(step))
}

/** How often a host was told to reboot. */
export function reboots({ commands }: FakeHost): number {
  return commands.filter((command) => /systemctl reboot/.test(command)).length
}

/** How often a host ran a command with that in it. */
export function times({ commands }: FakeHost, command: string): number {
  return commands.filter((line) => line.includes(command)).length
}
