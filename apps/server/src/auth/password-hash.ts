/**
 * Checks passwords against hashes: bcrypt, as `commctl passhash` makes them, and scrypt.
 *
 * A strong hash takes a third of a second to check, so both kinds are checked outside the event loop: scrypt in Node's
 * thread pool, bcrypt, which is JavaScript, in a worker thread. The worker starts with the first password and does not
 * keep the process running.
 */
import { scrypt, timingSafeEqual } from 'node:crypto'
import { Worker } from 'node:worker_threads'

const bcryptForm = /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/
const scryptForm = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

/** The supported hash formats, in words. */
export const hashForms = 'bcrypt ($2a$ or $2b$), or scrypt as $scrypt$ln=15,r=8,p=1$<salt>$<hash>'

/** Returns whether a text is a hash in a supported format. */
export function isPasswordHash(text: string): boolean {
  return bcryptForm.test(text) || scryptForm.test(text)
}

/** Checks passwords. Must be closed with the server. */
export class PasswordChecker {
  readonly #bcrypt = new BcryptThread()

  /** Returns whether the password belongs to the hash. */
  check(password: string, hash: string): Promise<boolean> {
    return bcryptForm.test(hash) ? this.#bcrypt.check(password, hash) : checkScrypt(password, hash)
  }

  /** Ends the worker thread. */
  close(): Promise<void> {
    return this.#bcrypt.close()
  }
}

async function checkScrypt(password: string, hash: string): Promise<boolean> {
  const [, ln, r, p, salt = '', expected = ''] = scryptForm.exec(hash) ?? []
  const cost = { N: 2 ** Number(ln), r: Number(r), p: Number(p) }
  const wanted = Buffer.from(expected, 'base64')
  const maxmem = 256 * cost.N * cost.r
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  scrypt(password, Buffer.from(salt, 'base64'), wanted.length, { ...cost, maxmem }, (error, key) =>
    error ? reject(error) : resolve(key),
  )
  return timingSafeEqual(await promise, wanted)
}

interface CheckResult {
  readonly id: number
  readonly right: boolean
}

/** The worker thread and the checks that wait for its results. */
class BcryptThread {
  readonly #pending = new Map<number, PromiseWithResolvers<boolean>>()
  #worker: Worker | undefined
  #lastId = 0

  check(password: string, hash: string): Promise<boolean> {
    const id = ++this.#lastId
    const result = Promise.withResolvers<boolean>()
    this.#pending.set(id, result)
    this.#worker ??= this.#start()
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread has no origin
    this.#worker.postMessage({ id, password, hash })
    return result.promise
  }

  async close(): Promise<void> {
    await this.#worker?.terminate()
  }

  #start(): Worker {
    // In development the sources run without a build, so the worker's file has the extension of this one.
    const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
    const worker = new Worker(new URL(`./bcrypt-worker${extension}`, import.meta.url))
    worker.unref()
    worker.on('message', ({ id, right }: CheckResult) => this.#settle(id, right))
    worker.on('error', (error) => this.#fail(error))
    worker.on('exit', () => this.#fail(new Error('The thread that checks passwords ended')))
    return worker
  }

  #settle(id: number, right: boolean): void {
    this.#pending.get(id)?.resolve(right)
    this.#pending.delete(id)
  }

  #fail(error: Error): void {
    this.#worker = undefined
    for (const { reject } of this.#pending.values()) reject(error)
    this.#pending.clear()
  }
}
