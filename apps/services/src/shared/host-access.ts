/**
 * Opens connections to hosts, with their credentials from storage, their pinned host keys and a pool of kept connections.
 */
import {
  type Connector,
  HostError,
  isHostError,
  type Remote,
  type RemotePool,
  readBootStatus,
  type Target,
  type Work,
  type WorkKind,
} from '@commissaire/hosts'
import { type Host, HostCreds } from '@commissaire/models'
import type { StorageClient } from '@commissaire/storage'

/** How a connection is asked for. The time limit, in milliseconds, counts from the moment the work has a slot. */
export interface AccessOptions extends Work {
  readonly signal?: AbortSignal
  readonly timeout?: number
}

/** Logs in to hosts. */
export class HostAccess {
  readonly #storage: StorageClient
  readonly #pool: RemotePool
  readonly #port: number | undefined
  readonly #kind: WorkKind

  /** `kind` is what its connections are for, where `connect` is not told otherwise. */
  constructor(
    storage: StorageClient,
    pool: RemotePool,
    { port, kind }: { port?: number | undefined; kind: WorkKind },
  ) {
    this.#storage = storage
    this.#pool = pool
    this.#port = port
    this.#kind = kind
  }

  get pool(): RemotePool {
    return this.#pool
  }

  /** Connects and forgets for reboots, with this access' kind of work. */
  connector(cluster: string): Connector {
    const work = { kind: this.#kind, cluster }
    return {
      connect: (target, options) => this.#pool.connect(target, { ...work, ...options }),
      forget: (address) => this.#pool.forget(address),
    }
  }

  /** Returns the address, the user, the private key and, if one is pinned, the host key to be verified. */
  async target({ address, host_key }: Host): Promise<Target> {
    const creds = await this.#storage.find(HostCreds, address)
    if (!creds?.ssh_priv_key) throw missingCredentials(address)
    const privateKey = Buffer.from(creds.ssh_priv_key, 'base64').toString('utf8')
    const pinned = host_key ? { hostKey: host_key } : {}
    const port = this.#port === undefined ? {} : { port: this.#port }
    return { address, ...port, user: creds.remote_user, privateKey, ...pinned }
  }

  /** Returns a kept connection or a new one. A kept connection that is dead says nothing about the host: it is replaced. */
  async connect(host: Host, asked: AccessOptions = {}): Promise<Remote> {
    const options = { kind: this.#kind, ...asked }
    const target = await this.target(host)
    try {
      return await this.#connectAndProbe(target, options)
    } catch (error) {
      if (isHostError(error, 'connection_lost')) return this.#connectAndProbe(target, options)
      throw error
    }
  }

  /** Returns a connection on which the host has just answered. */
  async #connectAndProbe(target: Target, options: AccessOptions): Promise<Remote> {
    const remote = await this.#pool.connect(target, options)
    try {
      await readBootStatus(remote, options)
      return remote
    } catch (error) {
      await remote.close()
      throw error
    }
  }
}

function missingCredentials(address: string): HostError {
  return new HostError('key_invalid', `No private key is stored for ${address}`, {
    address,
    remedy: 'Remove the host and add it again, with its key',
  })
}
