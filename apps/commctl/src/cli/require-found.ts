/** For commands that do something: where there is nothing to do it to, they have failed. */
import type { Answer } from '../client/api.ts'
import { Failure, status } from './failure.ts'

/** The value that the server answered with; throws, with status 4, where it says that there is no such thing. */
export function present(answer: Answer): unknown {
  if (answer.found) return answer.value
  throw new Failure(answer.reason ?? 'No object found.', { code: status.notFound })
}
