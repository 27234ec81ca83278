/**
 * The log of a program: one line of JSON for each event, on standard error, without secrets.
 * Standard output stays free for what a program is asked to print.
 */
import {
  destination,
  type DestinationStream,
  type Logger as PinoLogger,
  pino,
  stdSerializers,
  stdTimeFunctions,
} from 'pino'
import { redact, redactMembers } from './redact.ts'

/** How a log is made. */
export interface LogOptions {
  /** Which program or service speaks. */
  readonly name: string
  /** The least that is worth a line; default `info`. */
  readonly level?: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** Where the lines go; default standard error. */
  readonly to?: DestinationStream
}

/** Opens a log. */
export function createLog({ name, level = 'info', to = standardError() }: LogOptions): PinoLogger {
  return pino(
    {
      name,
      level,
      base: { pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (facts) => redactMembers(facts),
      },
      serializers: { err: serializeError, error: serializeError },
    },
    to,
  )
}

/** Written before the call returns, so that the last words of a process are not lost with it. */
const standardError = () => destination({ fd: 2, sync: true })

function serializeError(error: unknown): unknown {
  return error instanceof Error ? redactMembers(stdSerializers.err(error)) : redact(error)
}
