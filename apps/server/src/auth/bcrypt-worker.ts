/**
 * The worker thread that checks bcrypt hashes, so that a login does not block other requests.
 */
import { parentPort } from 'node:worker_threads'
import { compareSync } from 'bcryptjs'

interface CheckRequest {
  readonly id: number
  readonly password: string
  readonly hash: string
}

parentPort?.on('message', ({ id, password, hash }: CheckRequest) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage({ id, right: matches(password, hash) })
})

function matches(password: string, hash: string): boolean {
  try {
    return compareSync(password, hash)
  } catch {
    return false
  }
}
