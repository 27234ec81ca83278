/**
 * From a host's address to an open way to it: its credentials from storage, its pinned key, a kept connection.
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
  readonly #port: number

  constructor(storage: StorageClient, pool: RemotePool, { port = 22 }: { port?: number | undefined } = {}) {
    this.#storage = storage
    this.#pool = pool
    this.#port = port
  }

  get pool(): RemotePool {
    return this.#pool
  }

  /** Where the host is, who we are there, and which key it must prove: the one that was pinned at first contact. */
  async target({ address, host_key }: Host): Promise<Target> {
    const creds = await this.#storage.find(HostCreds, address)
    if (!creds?.ssh_priv_key) throw missingCredentials(address)
    const privateKey = Buffer.from(creds.ssh_priv_key, 'base64').toString('utf8')
    const pinned = host_key ? { hostKey: host_key } : {}
    return { address, port: this.#port, user: creds.remote_user, privateKey, ...pinned }
  }

  /** Connects, or takes the kept connection; one that turns out to be dead says nothing about the host: then anew. */
  async connect(host: Host, options: { signal?: AbortSignal; timeout?: number } = {}): Promise<Remote> {
    const target = await this.target(host)
    try {
      return await this.#knock(target, options)
    } catch (error) {
      if (isHostError(error, 'connection_lost')) return this.#knock(target, options)
      throw error
    }
  }

  /** A connection on which the host has just answered. */
  async #knock(target: Target, options: { signal?: AbortSignal; timeout?: number }): Promise<Remote> {
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
