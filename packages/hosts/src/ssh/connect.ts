/**
 * Opens a connection to one host: our key from memory, its key against the pin, one clear error when it fails.
 *
 * Only the public key is offered, without asking first what else the host would take: that saves a round trip.
 */
import type { Client, ConnectConfig } from 'ssh2'
import { HostError } from '../errors.ts'
import { algorithms } from './algorithms.ts'
import { connectionError, nameOf } from './classify.ts'
import { loadSsh2, type Ssh2 } from './client.ts'
import { fingerprint, formatHostKey, matchesPin, pinnedType } from './host-key.ts'
import { readablePrivateKey } from './private-key.ts'
import { SshRemote } from './remote.ts'
import type { Target } from './target.ts'

/** How a connection is opened and kept. */
export interface ConnectOptions {
  readonly signal?: AbortSignal
  /** Milliseconds for everything from the first packet to being let in. Default: 10 seconds. */
  readonly timeout?: number
  /** Milliseconds between signs of life on a silent connection; three unanswered end it. Default: 15 seconds. */
  readonly keepAlive?: number
}

/** Connects. Without a pin any host key is accepted, and `remote.hostKey` says which, for the caller to record. */
export async function connect(target: Target, options: ConnectOptions = {}): Promise<SshRemote> {
  const ssh2 = await loadSsh2()
  const attempt = new Attempt(target, new ssh2.Client())
  return attempt.run(configOf(target, { ...options, ssh2 }), options.signal)
}

class Attempt {
  readonly #target: Target
  readonly #client: Client
  #hostKey = ''
  #changed: HostError | undefined

  constructor(target: Target, client: Client) {
    this.#target = target
    this.#client = client
  }

  async run(config: ConnectConfig, signal: AbortSignal | undefined): Promise<SshRemote> {
    try {
      await this.#ready(config, signal)
    } catch (error) {
      this.#client.on('error', () => {})
      this.#client.destroy()
      throw error
    }
    return new SshRemote(this.#client, this.#target, this.#hostKey)
  }

  async #ready(config: ConnectConfig, signal: AbortSignal | undefined): Promise<void> {
    const client = this.#client
    const cancelled = (): HostError => this.#cancelled(signal?.reason)
    if (signal?.aborted) throw cancelled()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const giveUp = (): void => reject(cancelled())
    let accepted = false
    const accept = (): void => void (accepted = true)
    const fail = (error: Error): void =>
      reject(this.#changed ?? connectionError(error, this.#target, { accepted }))
    const ended = (): void =>
      fail(Object.assign(new Error('the host closed the connection'), { code: 'ECONNRESET' }))
    client.on('connect', accept).on('error', fail).on('close', ended).once('ready', resolve)
    signal?.addEventListener('abort', giveUp, { once: true })
    try {
      client.connect({ ...config, hostVerifier: (blob: Buffer) => this.#verify(blob) })
      await promise
    } finally {
      signal?.removeEventListener('abort', giveUp)
      client.off('connect', accept).off('error', fail).off('close', ended).off('ready', resolve)
    }
  }

  #verify(blob: Buffer): boolean {
    this.#hostKey = formatHostKey(blob)
    const pin = this.#target.hostKey
    if (!pin || matchesPin(this.#hostKey, pin)) return true
    this.#changed = hostKeyChanged(this.#target, pin, this.#hostKey)
    return false
  }

  #cancelled(cause: unknown): HostError {
    const { address } = this.#target
    return new HostError('cancelled', `Connecting to ${address} was given up`, { address, cause })
  }
}

function hostKeyChanged(target: Target, pin: string, key: string): HostError {
  const details = { pinned: fingerprint(pin), found: fingerprint(key), hostKey: key }
  const found = `Connecting to ${nameOf(target)}: pinned is host key ${details.pinned}, found is ${details.found}`
  return new HostError('host_key_changed', found, { address: target.address, details })
}

function configOf(target: Target, options: ConnectOptions & { readonly ssh2: Ssh2 }): ConnectConfig {
  return {
    host: target.address.replace(/^\[(.*)\]$/, '$1'),
    port: target.port ?? 22,
    username: target.user,
    privateKey: readablePrivateKey(target.privateKey, { address: target.address, ssh2: options.ssh2 }),
    authHandler: ['publickey'],
    readyTimeout: options.timeout ?? 10_000,
    keepaliveInterval: options.keepAlive ?? 15_000,
    keepaliveCountMax: 3,
    algorithms: algorithms(target.hostKey ? pinnedType(target.hostKey) : undefined),
  }
}
