/** Repeats a request for several names, such as a deletion. */
import type { Answer, Api } from '../client/api.ts'
import type { Result, Session } from './command.ts'
import { Interrupted, NoServer } from './failure.ts'

const AT_ONCE = 8

/** Does something for each name in turn. One that is refused does not keep the others from being done. */
export async function forEachName(
  names: readonly string[],
  action: (name: string) => Promise<Answer>,
): Promise<Result[]> {
  const results: Result[] = []
  for (const name of names) {
    try {
      results.push({ name, answer: await action(name) })
    } catch (error) {
      results.push({ name, answer: { failed: error instanceof Error ? error : new Error(String(error)) } })
      if (error instanceof NoServer || error instanceof Interrupted) break
    }
  }
  return results
}

/**
 * A list as the server gives it, mere names; for a table each thing whole, several asked for at once. Those that
 * vanish in the meantime are left out.
 */
export async function listOf(
  session: Session,
  path: string,
  detail: (name: string) => string,
): Promise<Answer> {
  const api = await session.api()
  const answer = await api.get(path)
  if (session.format !== 'table' || !answer.found || !isNames(answer.value)) return answer
  return { found: true, value: await detailsOf(answer.value, api, detail) }
}

const isNames = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((name) => typeof name === 'string')

async function detailsOf(
  names: readonly string[],
  api: Api,
  detail: (name: string) => string,
): Promise<unknown[]> {
  const answers: Answer[] = []
  for (let start = 0; start < names.length; start += AT_ONCE) {
    const some = names.slice(start, start + AT_ONCE)
    answers.push(...(await Promise.all(some.map((name) => api.get(detail(name))))))
  }
  return answers.flatMap((answer) => (answer.found ? [answer.value] : []))
}
