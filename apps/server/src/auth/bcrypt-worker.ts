/**
 * The thread that checks bcrypt hashes, so that a login does not hold up everybody else's requests.
 */
import { parentPort } from 'node:worker_threads'
import { compareSync } from 'bcryptjs'

interface Question {
  readonly id: number
  readonly password: string
  readonly hash: string
}

parentPort?.on('message', ({ id, password, hash }: Question) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage({ id, right: isRight(password, hash) })
})

function isRight(password: string, hash: string): boolean {
  try {
    return compareSync(password, hash)
  } catch {
    return false
  }
}
