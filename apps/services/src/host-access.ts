/**
 * From a host's address to an open way to it: its credentials from storage, its pinned key, a kept connection.
 */
import { HostError, type Remote, type RemotePool, type Target } from '@commissaire/hosts'
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
    if (!creds?.ssh_priv_key) throw withoutCredentials(address)
    const privateKey = Buffer.from(creds.ssh_priv_key, 'base64').toString('utf8')
    const pinned = host_key ? { hostKey: host_key } : {}
    return { address, port: this.#port, user: creds.remote_user, privateKey, ...pinned }
  }

  /** Connects, or takes the connection that is kept. */
  async connect(host: Host, options: { signal?: AbortSignal } = {}): Promise<Remote> {
    return this.#pool.connect(await this.target(host), options)
  }
}

function withoutCredentials(address: string): HostError {
  return new HostError('key_invalid', `No private key is stored for ${address}`, {
    address,
    remedy: 'Remove the host and add it again, with its key',
  })
}
