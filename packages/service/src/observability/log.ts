/**
 * The log of a program: one line of JSON for each event, on standard error, without secrets.
 * Standard output is for the results that a program prints.
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

/** The options of a log. */
export interface LogOptions {
  /** The name of the program or service. */
  readonly name: string
  /** The lowest level that is written; default `info`. */
  readonly level?: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** Where the lines are written; default standard error. */
  readonly to?: DestinationStream
}

/** Creates a log. */
export function createLog({ name, level = 'info', to = standardError() }: LogOptions): PinoLogger {
  return pino(
    {
      name,
      level,
      base: { pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => redactMembers(fields),
      },
      serializers: { err: serializeError, error: serializeError },
    },
    to,
  )
}

/** Writes synchronously, so that the last lines of a process that ends are not lost. */
const standardError = () => destination({ fd: 2, sync: true })

function serializeError(error: unknown): unknown {
  return error instanceof Error ? redactMembers(stdSerializers.err(error)) : redact(error)
}
