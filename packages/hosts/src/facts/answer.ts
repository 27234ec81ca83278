/** Parses the answer of a probe: lines `key=value` between a first line and a last. */
import { HostError } from '../errors.ts'
import type { CommandResult } from '../remote.ts'
import { firstLine, lastLine } from './probe.ts'

/** What a probe said. Most keys come once, some several times. */
export class Answer {
  readonly #values: ReadonlyMap<string, readonly string[]>

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values
  }

  /** Every value of the key, in the order they were printed. */
  all(key: string): readonly string[] {
    return this.#values.get(key) ?? []
  }

  /** The last value of the key, trimmed; undefined when it is missing or empty. */
  get(key: string): string | undefined {
    return this.all(key).at(-1)?.trim() || undefined
  }

  /** The key's value as a number; undefined when it is none. */
  number(key: string): number | undefined {
    const text = this.get(key)
    return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined
  }

  /** Whether the key is there at all. */
  has(key: string): boolean {
    return this.#values.has(key)
  }
}

/** Reads an answer, or throws `facts_invalid` when it is not whole. What a login shell prints around it is skipped. */
export function parseAnswer(result: CommandResult, address: string): Answer {
  const lines = result.stdout.split(/\r?\n/)
  const start = lines.indexOf(firstLine)
  const end = lines.indexOf(lastLine, start + 1)
  if (start < 0 || end < 0) throw cutShort(result, address, start)
  const given = lines.slice(start + 1, end)
  const strange = given.find((line) => !keyAndValue.test(line))
  if (strange !== undefined) throw invalid(address, `the line "${strange.slice(0, 80)}" is no key=value`)
  return new Answer(answerLines(given))
}

const keyAndValue = /^([\w./-]+)=(.*)$/

/** The values of each key of such lines; other lines are skipped. */
export function answerLines(lines: readonly string[]): Map<string, string[]> {
  const values = new Map<string, string[]>()
  for (const line of lines) {
    const [, key, value] = keyAndValue.exec(line) ?? []
    if (key === undefined || value === undefined) continue
    const known = values.get(key)
    if (known) known.push(value)
    else values.set(key, [value])
  }
  return values
}

/** The error for an answer that cannot be used. */
export function invalid(address: string, found: string, details: Record<string, unknown> = {}): HostError {
  return new HostError('facts_invalid', `Asking ${address} for facts: ${found}`, { address, details })
}

function cutShort(result: CommandResult, address: string, start: number): HostError {
  const { code, signal, stdout, stderr } = result
  const ended = signal ? `signal ${signal}` : `exit status ${code}`
  const found =
    start < 0
      ? `the probe did not start (${ended}): ${(stderr || stdout).trim().slice(0, 200) || 'no output'}`
      : `the answer is cut short after ${stdout.length} bytes (${ended})`
  return invalid(address, found, { code, stdout: stdout.slice(0, 500), stderr: stderr.slice(0, 500) })
}
