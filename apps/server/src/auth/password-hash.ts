/**
 * Checks passwords against hashes: bcrypt, as `commctl passhash` makes them, and scrypt.
 *
 * A good hash takes a third of a second to check. Both kinds are checked outside the event loop: scrypt in Node's own
 * threads, bcrypt, which is JavaScript, in a worker that starts with the first password and does not keep the process up.
 */
import { scrypt, timingSafeEqual } from 'node:crypto'
import { Worker } from 'node:worker_threads'

const bcryptForm = /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/
const scryptForm = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

/** The forms of hashes that are understood, in words. */
export const hashForms = 'bcrypt ($2a$ or $2b$), or scrypt as $scrypt$ln=15,r=8,p=1$<salt>$<hash>'

/** Whether a text is a hash of a form that is understood. */
export function isPasswordHash(text: string): boolean {
  return bcryptForm.test(text) || scryptForm.test(text)
}

/** Checks passwords. One for a server; to be closed with it. */
export class PasswordChecker {
  readonly #bcrypt = new BcryptThread()

  /** Whether the password is the one that the hash was made of. */
  check(password: string, hash: string): Promise<boolean> {
    return bcryptForm.test(hash) ? this.#bcrypt.check(password, hash) : checkScrypt(password, hash)
  }

  /** Ends the worker. */
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

interface Answer {
  readonly id: number
  readonly right: boolean
}

/** Asks a worker, one question after another. */
class BcryptThread {
  readonly #waiting = new Map<number, PromiseWithResolvers<boolean>>()
  #worker: Worker | undefined
  #asked = 0

  check(password: string, hash: string): Promise<boolean> {
    const id = ++this.#asked
    const answer = Promise.withResolvers<boolean>()
    this.#waiting.set(id, answer)
    this.#worker ??= this.#start()
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread has no origin
    this.#worker.postMessage({ id, password, hash })
    return answer.promise
  }

  async close(): Promise<void> {
    await this.#worker?.terminate()
  }

  #start(): Worker {
    // Sources are run as they lie, so the worker's file has the ending of this one.
    const ending = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
    const worker = new Worker(new URL(`./bcrypt-worker${ending}`, import.meta.url))
    worker.unref()
    worker.on('message', ({ id, right }: Answer) => this.#settle(id, right))
    worker.on('error', (error) => this.#fail(error))
    worker.on('exit', () => this.#fail(new Error('The thread that checks passwords has ended')))
    return worker
  }

  #settle(id: number, right: boolean): void {
    this.#waiting.get(id)?.resolve(right)
    this.#waiting.delete(id)
  }

  #fail(error: Error): void {
    this.#worker = undefined
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
