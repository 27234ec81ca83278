/** A result of several parts, as text for people; programs that ask for a format get the value itself. */
import type { Session } from '../cli/command.ts'
import { status } from '../cli/failure.ts'
import { terminalWidth } from '../cli/run.ts'
import { write } from './format.ts'
import type { View } from './view.ts'

/** How a result is told. */
export interface Report {
  readonly value: unknown
  /** How the value itself looks, and which attribute names it. */
  readonly view: View
  /** The text for people; the width is undefined where nobody looks. */
  readonly text: (width: number | undefined) => string
}

/** Prints a report. */
export async function report({ format, print }: Session, { value, view, text }: Report): Promise<number> {
  const width = terminalWidth()
  const isForPeople = format === 'text' || format === 'table'
  const written = isForPeople ? text(width) : await write(value, format, { view, width })
  if (written !== '') print(written)
  return status.ok
}
