/** Prompts the user at the terminal, on standard error, so that output can be redirected. */
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { Interrupted } from './failure.ts'

/** How a question is asked. */
export interface Question {
  /** Shows nothing of the answer, for passwords. */
  readonly hidden?: boolean
  readonly signal: AbortSignal
}

/** Asks one question; throws when the person gives up or ends the input. */
export async function ask(question: string, { hidden = false, signal }: Question): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const output = hidden ? nowhere : process.stderr
  const terminal = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 })
  const giveUp = () => reject(new Interrupted())
  signal.addEventListener('abort', giveUp)
  terminal.once('SIGINT', giveUp)
  terminal.once('close', giveUp)
  if (hidden) process.stderr.write(question)
  terminal.question(hidden ? '' : question, resolve)
  try {
    return await promise
  } finally {
    signal.removeEventListener('abort', giveUp)
    terminal.close()
    if (hidden) process.stderr.write('\n')
  }
}
