/**
 * Converts the params of a request to the arguments of a method: an array by position, an object by the declared names.
 * Throws InvalidParams for params that do not match, before the method runs.
 */
import { BusError } from '@commissaire/bus'
import type { ZodObject } from 'zod'
import { didYouMean } from '../program/did-you-mean.ts'
import { type ExposedMethod, requiredOf } from './methods.ts'

type Params = readonly unknown[] | Readonly<Record<string, unknown>>

/** One fault of the arguments, as it appears in the data of the error. */
export interface Fault {
  /** The path of the value: `address` or `options.port`. */
  readonly path: string
  readonly message: string
}

/** Returns the arguments that follow the message. Throws InvalidParams. */
export async function argumentsFor(method: ExposedMethod, params: Params): Promise<unknown[]> {
  if (method.names === undefined) return positional(method, params)
  const byClient = namedByClient(method, params)
  const values = isArray(byClient)
    ? byOrder(method, method.names, byClient)
    : byName(method, method.names, byClient)
  if (method.schema !== undefined) return validated(method, method.schema, values)
  requireAll(method, method.names, values)
  return trimmed(method.names.map((name) => values[name]))
}

const isArray = (params: Params): params is readonly unknown[] => Array.isArray(params)

/**
 * A typed client calls a method with an `input` as the method is written: with one object, which arrives as the only
 * argument in order. It is taken by name, unless it may be meant as the first argument.
 */
function namedByClient({ declaration, schema, names = [] }: ExposedMethod, params: Params): Params {
  if (declaration.input === undefined || !isArray(params) || params.length !== 1) return params
  const [only] = params
  const isObject = typeof only === 'object' && only !== null && !Array.isArray(only)
  const isFirst = schema?.shape[names[0] ?? '']?.safeParse(only).success === true
  return isObject && !isFirst ? { ...only } : params
}

function positional(method: ExposedMethod, params: Params): unknown[] {
  const { required, most } = method.signature
  const args = isArray(params) ? [...params] : asOneArgument(params, required)
  if (args.length >= required && args.length <= (most ?? Infinity)) return args
  const note =
    isArray(params) || required === 0 ? '' : ' (an object is one argument: the service declares no names)'
  throw invalid(method, `${usage(method)}, got ${args.length}${note}`, [])
}

/** Treats the object as the only argument, except an empty one: Python peers send `{}` for no arguments. */
function asOneArgument(params: object, required: number): unknown[] {
  return required === 0 && Object.keys(params).length === 0 ? [] : [params]
}

function byOrder(
  method: ExposedMethod,
  names: readonly string[],
  params: readonly unknown[],
): Record<string, unknown> {
  if (params.length > names.length) throw invalid(method, `${usage(method)}, got ${params.length}`, [])
  return nullPrototypeObject(params.map((value, index) => [names[index] ?? '', value]))
}

function byName(
  method: ExposedMethod,
  names: readonly string[],
  params: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const unknownNames = Object.keys(params).filter((name) => !names.includes(name))
  if (unknownNames.length === 0) return nullPrototypeObject(Object.entries(params))
  const faults = unknownNames.map((path) => ({ path, message: `no such argument${didYouMean(path, names)}` }))
  throw invalid(method, `${faultText(faults)} (${usage(method)})`, faults)
}

async function validated(
  method: ExposedMethod,
  schema: ZodObject,
  values: Record<string, unknown>,
): Promise<unknown[]> {
  const { success, data, error } = await schema.safeParseAsync(values)
  if (!success) throw invalidValues(method, error.issues, values)
  if (method.declaration.input !== undefined) return [data]
  return trimmed((method.names ?? []).map((name) => data[name]))
}

function invalidValues(
  method: ExposedMethod,
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
  values: Record<string, unknown>,
): BusError {
  const faults = issues.map(({ path, message }) => {
    const isMissing = path.length === 1 && !Object.hasOwn(values, path[0] ?? '')
    return { path: path.map(String).join('.'), message: isMissing ? 'is missing' : message }
  })
  return invalid(method, faultText(faults), faults)
}

function requireAll(method: ExposedMethod, names: readonly string[], values: Record<string, unknown>): void {
  const missing = names.slice(0, method.signature.required).filter((name) => !Object.hasOwn(values, name))
  if (missing.length === 0) return
  const faults = missing.map((path) => ({ path, message: 'is missing' }))
  throw invalid(method, `${faultText(faults)} (${usage(method)})`, faults)
}

/** Removes trailing undefined values, so that the defaults of the method apply and `arguments.length` is right. */
function trimmed(args: unknown[]): unknown[] {
  return args.slice(0, args.findLastIndex((value) => value !== undefined) + 1)
}

/** An object without a prototype, so that an argument named `__proto__` is a plain member. */
function nullPrototypeObject(entries: Iterable<readonly [string, unknown]>): Record<string, unknown> {
  const values: Record<string, unknown> = Object.create(null)
  for (const [name, value] of entries) values[name] = value
  return values
}

const faultText = (faults: readonly Fault[]) =>
  faults.map(({ path, message }) => `${path}: ${message}`).join('; ')

function usage(method: ExposedMethod): string {
  const { name, names, signature } = method
  const required = requiredOf(method)
  const most = names?.length ?? signature.most
  const words = names ?? signature.names
  const count =
    required === most ? `${required}` : most === undefined ? `at least ${required}` : `${required} to ${most}`
  if (words.length === 0) return `${name} takes no argument`
  return `${name} takes ${count} ${count === '1' ? 'argument' : 'arguments'} (${words.join(', ')})`
}

function invalid(method: ExposedMethod, message: string, faults: readonly Fault[]): BusError {
  const prefix = message.startsWith(`${method.name} takes`) ? '' : `${method.name}: `
  return new BusError('InvalidParams', `${prefix}${message}`, {
    data: { exception: 'InvalidParams', method: method.name, faults },
  })
}
