/**
 * Validates data against a model: adds defaults, refuses unknown members, and reports all faults at once.
 *
 * A fault names kinds of values, and for a wrong choice the value found; never the content of a secret model.
 */
import { z } from 'zod'
import type { ModelDefinition } from './model.ts'

/** One thing that is wrong, and where: `options.server_url`, `hostset[2]`, or empty for the whole. */
export interface Fault {
  readonly path: string
  readonly message: string
}

/** Thrown when data does not fit its model. Lists every fault. */
export class ValidationError extends Error {
  override readonly name = 'ValidationError'
  readonly code = 'invalid'
  /** The name of the model that the data should have been. */
  readonly model: string
  readonly faults: readonly Fault[]

  constructor(model: string, faults: readonly Fault[], options: { cause?: unknown } = {}) {
    super(`${model}: ${faults.map(asText).join('; ')}`, options)
    this.model = model
    this.faults = faults
  }
}

/** Turns data into a model, or throws a ValidationError that lists every fault. */
export function parseModel<T extends object>(definition: ModelDefinition<T>, data: unknown): T {
  return parseAs(definition.schema, data, { name: definition.name, secret: definition.secret })
}

/** Turns JSON text into a model, or throws a ValidationError. */
export function parseModelText<T extends object>(definition: ModelDefinition<T>, text: string): T {
  return parseModel(definition, readJson(definition.name, text))
}

/** Checks data against any schema, with faults in the same words as a model's; `name` is what it should be. */
export function parseAs<T>(
  schema: z.ZodType<T>,
  data: unknown,
  { name, secret = false }: { name: string; secret?: boolean },
): T {
  const result = schema.safeParse(data, { error: (issue) => describe(issue, secret) })
  if (result.success) return result.data
  throw new ValidationError(
    name,
    result.error.issues.map(({ path, message }) => ({ path: pathText(path), message })),
  )
}

function readJson(model: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    // What the parser says quotes the text, which may hold a secret: it stays in `cause`.
    throw new ValidationError(model, [{ path: '', message: 'is no JSON' }], { cause })
  }
}

function describe(issue: z.core.$ZodRawIssue, secret: boolean): string | undefined {
  if (issue.input === undefined) return 'is missing'
  if (issue.code === 'invalid_type') return `must be ${article(issue.expected)}, is ${kindOf(issue.input)}`
  if (issue.code === 'invalid_value') {
    const found = secret ? 'not allowed' : JSON.stringify(issue.input)
    return `is ${found}; allowed: ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`
  }
  if (issue.code === 'too_small' && typeof issue.input === 'number') {
    return `must be ${issue.minimum} or more${secret ? '' : `, is ${issue.input}`}`
  }
  if (issue.code === 'unrecognized_keys') return unknownKeys(issue.keys, issue.inst)
  return undefined
}

function unknownKeys(keys: readonly string[], schema: unknown): string {
  const allowed = schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
  return `has ${keys.map((key) => JSON.stringify(key)).join(', ')}, which is not known; known: ${allowed.join(', ')}`
}

const articles: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
}

function article(expected: string): string {
  return articles[expected] ?? expected
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'number' && !Number.isInteger(value)) return 'a number with a fraction'
  return articles[typeof value] ?? typeof value
}

function pathText(path: readonly PropertyKey[]): string {
  const steps = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
  return steps.join('').replace(/^\./, '')
}

function asText({ path, message }: Fault): string {
  return path === '' ? message : `"${path}" ${message}`
}
