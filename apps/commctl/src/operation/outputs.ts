/** Prints the output of the hosts of an operation as it arrives: each line after its host. */
import type { Session } from '../cli/command.ts'
import { member, textOf, textsOf } from '../client/json-value.ts'
import { printable } from '../output/printable.ts'
import { route } from '../client/route.ts'

const AT_ONCE = 8

/** Prints the outputs, host by host in the order of their turns. */
export async function printOutputs(session: Session, id: string): Promise<void> {
  const api = await session.api()
  const operation = await api.get(route`/operations/${id}`)
  const members = operation.found ? member(operation.value, 'members') : undefined
  const hosts = (Array.isArray(members) ? members : []).flatMap((one) => textOf(member(one, 'address')) ?? [])
  for (let start = 0; start < hosts.length; start += AT_ONCE) {
    const some = hosts.slice(start, start + AT_ONCE)
    const answers = await Promise.all(some.map((host) => api.get(route`/operations/${id}/hosts/${host}`)))
    for (const answer of answers) if (answer.found) printOutput(session, answer.value)
  }
}

function printOutput({ print }: Session, host: unknown): void {
  const lines = textsOf(member(host, 'output'))
  for (const line of lines) print(printable(`${textOf(member(host, 'address'))}: ${line}`))
}
