/** Fails a command that changes something when the thing does not exist. */
import type { Answer } from '../client/api.ts'
import { Failure, status } from './failure.ts'

/** The value that the server answered with; throws, with status 4, where it says that there is no such thing. */
export function requireFound(answer: Answer): unknown {
  if (answer.found) return answer.value
  throw new Failure(answer.reason ?? 'No object found.', { code: status.notFound })
}
