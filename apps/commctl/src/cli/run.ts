/** Runs one command with its session, prints its result, and returns the exit status. */
import type { Answer } from '../client/api.ts'
import type { CommandRow, ParsedInput, Outcome, Result, Session } from './command.ts'
import { Failure, status } from './failure.ts'
import { type Format, write } from '../output/format.ts'
import { openSession } from './session.ts'

/** Runs a row; returns the exit status. */
export async function runRow(row: CommandRow, parsed: ParsedInput): Promise<number> {
  const session = openSession(parsed)
  const outcome = (await row.run?.(session)) ?? status.ok
  return finish(outcome, row, session)
}

/** Prints an outcome and says which exit status it means. */
export async function finish(outcome: Outcome, row: CommandRow, session: Session): Promise<number> {
  if (typeof outcome === 'number') return outcome
  if (isResults(outcome)) return finishSeveral(outcome, session)
  if (!outcome.found) return missing(session)
  const text = await write(outcome.value, session.format, { view: row.view, width: terminalWidth() })
  if (text !== '') session.print(text)
  return status.ok
}

const isResults = (outcome: Answer | readonly Result[]): outcome is readonly Result[] =>
  Array.isArray(outcome)

/** Programs get what they can parse; people and old scripts get the sentence they know. */
function missing({ format, print, tell, strict }: Session): number {
  if (format === 'json' || format === 'yaml') print('null')
  if (format === 'text' || format === 'table') print(NO_OBJECT)
  else tell(NO_OBJECT)
  return strict ? status.notFound : status.ok
}

const NO_OBJECT = 'No object found.'

/** One line for each of several things; the worst of them is the exit status. */
async function finishSeveral(results: readonly Result[], session: Session): Promise<number> {
  const lines = results.filter(({ answer }) => !('failed' in answer))
  const text = await write(severalAs(session.format, lines), session.format, { width: terminalWidth() })
  if (lines.length > 0 && text !== '') session.print(text)
  const failures = results.flatMap(({ answer }) => ('failed' in answer ? [answer.failed] : []))
  for (const failure of failures) session.tell(`commctl: ${failure.message}`)
  if (failures.length > 0)
    return Math.max(...failures.map((one) => (one instanceof Failure ? one.code : status.failed)))
  return session.strict && lines.some(({ answer }) => isMissing(answer)) ? status.notFound : status.ok
}

function severalAs(format: Format, results: readonly Result[]): unknown {
  if (format === 'text') return results.map(({ answer }) => wordFor(answer))
  if (format === 'name') return results.filter(({ answer }) => !isMissing(answer)).map(({ name }) => name)
  return results.map(({ name, answer }) => ({ name, result: wordFor(answer) }))
}

const isMissing = (answer: Result['answer']): boolean => 'found' in answer && !answer.found
const wordFor = (answer: Result['answer']): string => (isMissing(answer) ? NO_OBJECT : 'Success')

/** The columns of the terminal; undefined when a file or a program reads. */
export function terminalWidth(): number | undefined {
  const told = Number(process.env.COLUMNS)
  if (Number.isInteger(told) && told > 0) return told
  return process.stdout.isTTY ? process.stdout.columns : undefined
}
