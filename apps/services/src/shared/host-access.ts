/**
 * Opens connections to hosts, with their credentials from storage, their pinned host keys and a pool of kept connections.
 */
import {
  HostError,
  isHostError,
  type Remote,
  type RemotePool,
  takePulse,
  type Target,
} from '@commissaire/hosts'
import { type Host, HostCreds } from '@commissaire/models'
import type { StorageClient } from '@commissaire/storage'

/** Logs in to hosts. */
export class HostAccess {
  readonly #storage: StorageClient
  readonly #pool: RemotePool
  readonly #port: number | undefined

  constructor(storage: StorageClient, pool: RemotePool, { port }: { port?: number | undefined } = {}) {
    this.#storage = storage
    this.#pool = pool
    this.#port = port
  }

  get pool(): RemotePool {
    return this.#pool
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
  async connect(host: Host, options: { signal?: AbortSignal; timeout?: number } = {}): Promise<Remote> {
    const target = await this.target(host)
    try {
      return await this.#connectAndProbe(target, options)
    } catch (error) {
      if (isHostError(error, 'connection_lost')) return this.#connectAndProbe(target, options)
      throw error
    }
  }

  /** Returns a connection on which the host has just answered. */
  async #connectAndProbe(
    target: Target,
    options: { signal?: AbortSignal; timeout?: number },
  ): Promise<Remote> {
    const remote = await this.#pool.connect(target, options)
    try {
      await takePulse(remote, options)
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
