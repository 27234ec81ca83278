/** All five services on one memory bus, as small and quick as tests want them, and scripted hosts to manage. */
import { freePort, until } from '@commissaire/testing'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type Bus, connect, type Logger, type Message } from '@commissaire/bus'
import { RemotePool } from '@commissaire/hosts'
import { FakeHost, type FakeHostOptions, keyPair } from '@commissaire/hosts/testing'
import { Cluster, type ClusterRestart, Host, HostCreds, parseModel } from '@commissaire/models'
import { StorageClient } from '@commissaire/storage'

import {
  type ClusterexecOptions,
  ClusterexecService,
  ContainerManagerService,
  InvestigatorService,
  StorageService,
  type WatcherOptions,
  WatcherService,
} from '../src/index.ts'

const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {} }
const login = keyPair()
let lastAddress = 1

/** How quick reboots are in tests. */
export const quickReboot = {
  downWithin: 4000,
  returnWithin: 4000,
  settleWithin: 4000,
  settleTime: 30,
  interval: 20,
}

/** What is different from the usual in a test. */
export interface SystemOptions {
  /** Where the bus is; default a memory bus of the system's own. */
  readonly url?: string
  /** Runs no service at all: hosts and a bus. */
  readonly only?: 'hosts'
  readonly investigator?: false
  readonly watcher?: WatcherOptions | false
  readonly clusterexec?: ClusterexecOptions | false
}

/** The system under test. Dispose of it. */
export class TestSystem implements AsyncDisposable {
  readonly bus: Bus
  readonly pool: RemotePool
  readonly storage: StorageClient
  readonly dataDir: string
  readonly sshPort: number
  readonly #url: string
  readonly #closing: (() => Promise<void>)[] = []

  private constructor(bus: Bus, means: { url: string; dataDir: string; sshPort: number; pool: RemotePool }) {
    this.bus = bus
    this.#url = means.url
    this.dataDir = means.dataDir
    this.sshPort = means.sshPort
    this.pool = means.pool
    this.storage = new StorageClient(bus)
  }

  static async start(options: SystemOptions = {}): Promise<TestSystem> {
    const { url = `memory://${randomUUID()}` } = options
    const bus = await connect(url, { log: quiet, requestTimeout: 20_000 })
    const dataDir = await mkdtemp(join(tmpdir(), 'commissaire-services-'))
    const sshPort = await freePort()
    const pool = new RemotePool({ connectTimeout: 2000 })
    const system = new TestSystem(bus, { url, dataDir, sshPort, pool })
    if (options.only === 'hosts') return system
    const shared = system.shared
    await system.run(new StorageService({ ...shared, dataDir }))
    await system.run(new ContainerManagerService(shared))
    if (options.investigator !== false) await system.run(new InvestigatorService(shared))
    if (options.watcher !== false)
      await system.run(new WatcherService({ ...shared, patience: 2000, ...options.watcher }))
    if (options.clusterexec === false) return system
    await system.run(new ClusterexecService({ ...shared, reboot: quickReboot, ...options.clusterexec }))
    return system
  }

  /** What every service of this system is made with. */
  get shared() {
    const { bus, pool, sshPort } = this
    return { bus, pool, sshPort, log: quiet, drainTimeout: 1000 }
  }

  /** Another connection to the same broker. */
  async connect(): Promise<Bus> {
    const bus = await connect(this.#url, { log: quiet })
    this.#closing.push(() => bus.close())
    return bus
  }

  /** Starts a service that ends with the system. */
  async run<Service extends { start(): Promise<void>; close(): Promise<void> }>(
    service: Service,
  ): Promise<Service> {
    await service.start()
    this.#closing.push(() => service.close())
    return service
  }

  /** A host that lets us in, at an address of its own. */
  async host(options: FakeHostOptions = {}): Promise<FakeHost> {
    const address = options.address ?? nextAddress()
    const { respond } = options
    const host = await FakeHost.start({
      authorizedKeys: [login.publicKey],
      ...options,
      address,
      port: this.sshPort,
      respond: async (call) => (await respond?.(call)) ?? soundAnswer(call),
    })
    this.#closing.push(() => host.close())
    return host
  }

  /** Stores what the REST server stores of a new host. */
  async register(address: string, changes: Partial<Host> = {}): Promise<void> {
    const ssh_priv_key = Buffer.from(login.privateKey).toString('base64')
    await this.storage.save(HostCreds, parseModel(HostCreds, { address, ssh_priv_key, remote_user: 'root' }))
    await this.storage.save(Host, parseModel(Host, { address, ...changes }))
  }

  /** A host that is already active. */
  async activeHost(options: FakeHostOptions = {}): Promise<FakeHost> {
    const host = await this.host(options)
    const ready = {
      status: 'active',
      host_key: host.hostKey,
      bootstrapped_at: '2026-01-01T00:00:00.000000',
    } as const
    await this.register(host.address, ready)
    return host
  }

  async cluster(name: string, hosts: readonly FakeHost[], changes: Partial<Cluster> = {}): Promise<void> {
    const hostset = hosts.map(({ address }) => address)
    await this.storage.save(Cluster, parseModel(Cluster, { name, hostset, ...changes }))
  }

  /** The host as it is stored. */
  stored(address: string): Promise<Host> {
    return this.storage.get(Host, address)
  }

  /** Waits until the stored host has that status. */
  untilStatus(address: string, status: Host['status']): Promise<Host> {
    return until(async () => {
      const host = await this.stored(address)
      return host.status === status ? host : undefined
    })
  }

  /** Every message that is published with such a key from now on. */
  async listen(routingKey: string): Promise<Message[]> {
    const heard: Message[] = []
    const serving = await this.bus.serve(
      { name: `ear-${randomUUID()}`, routingKeys: [routingKey] },
      { handler: (message) => void heard.push(message) },
    )
    this.#closing.push(() => serving.stop())
    return heard
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closing.toReversed()) await close()
    await this.pool.close()
    await this.bus.close()
    await rm(this.dataDir, { recursive: true, force: true })
  }
}

/** Waits until an operation has ended. */
export function untilEnded<T extends Pick<ClusterRestart, 'status'>>(
  find: () => Promise<T | undefined>,
  timeout?: number,
): Promise<T> {
  return until(
    async () => {
      const operation = await find()
      return operation && operation.status !== 'in_process' ? operation : undefined
    },
    undefined,
    { timeout: timeout },
  )
}

/** What a sound host says to the questions of its preparation. */
function soundAnswer({ command, input }: { command: string; input: string }): { stdout: string } | undefined {
  if (command === 'sh -s' && input.startsWith('echo $((')) return { stdout: '42\n' }
  return command.includes('is-enabled') ? { stdout: 'enabled\n' } : undefined
}

function nextAddress(): string {
  lastAddress += 1
  return `127.1.${lastAddress >> 8}.${lastAddress & 255}`
}
