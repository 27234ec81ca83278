/**
 * JSON-RPC 2.0 as text: writes requests, notifications, results and errors, and reads calls and answers.
 *
 * Pure functions. The answer to a request without a readable id has the id -1, as in the original system.
 */

import { limits } from '../edge/limits.ts'
import { BusError, errorOfCode, type ErrorData } from '../errors.ts'
import { parseJson, stringifyJson } from './json.ts'

/** Arguments in order, or by name. */
export type Params = unknown[] | Record<string, unknown>

/** The id of a request, as written in the text. The bus writes strings. */
export type RpcId = string | number | null

/** The id that the original system writes when it does not know the request's id. */
export const unknownId = -1

/** Writes a request. */
export function encodeRequest(id: string, method: string, params: Params): string {
  return stringifyJson({ jsonrpc: '2.0', id, method, params })
}

/** Writes a request without an answer. */
export function encodeNotification(method: string, params: Params): string {
  return stringifyJson({ jsonrpc: '2.0', method, params })
}

/** Writes the answer to a request. `result` is present even when it is null, because peers rely on it. */
export function encodeResult(id: RpcId, result: unknown): string {
  return stringifyJson({ jsonrpc: '2.0', id, result: result ?? null })
}

/** Writes an error answer from any thrown value. */
export function encodeError(id: RpcId, error: unknown): string {
  const { code, message, data } = describe(error)
  try {
    return stringifyJson({ jsonrpc: '2.0', id, error: { code, message, data } })
  } catch {
    return stringifyJson({
      jsonrpc: '2.0',
      id,
      error: { code, message, data: { exception: data['exception'] } },
    })
  }
}

/** An answer: the id of its request, and either the result or the error. */
export type Answer =
  | { readonly id: RpcId; readonly result: unknown }
  | { readonly id: RpcId; readonly error: BusError }

/** Reads an answer. Throws when the text is not an answer. */
export function decodeAnswer(text: string): Answer {
  const value = parseJson(text)
  if (!isObject(value)) throw new TypeError('an answer must be a JSON object')
  const id = readId(value) ?? null
  if (isObject(value['error'])) return { id, error: readError(value['error']) }
  if ('result' in value) return { id, result: value['result'] }
  const message = 'The service dropped the request: its answer has neither result nor error.'
  return { id, error: new BusError('InvalidRequest', message) }
}

/** A call: a request, or a notification when it has no id. */
export interface Call {
  readonly id: RpcId | undefined
  readonly method: string
  readonly params: Params
}

/**
 * Reads a call from a decoded body; returns undefined when the body has no member `jsonrpc`.
 * Throws InvalidRequest when it has one and is not a valid call.
 */
export function readCall(body: unknown): Call | undefined {
  if (!isObject(body) || !('jsonrpc' in body)) return undefined
  const { jsonrpc, method, params = {} } = body
  if (jsonrpc !== '2.0') throw invalid('jsonrpc', 'must be "2.0"')
  if (typeof method !== 'string') throw invalid('method', 'must be a text')
  if (!Array.isArray(params) && !isObject(params)) throw invalid('params', 'must be an array or an object')
  const { value, unit } = limits.idBytes
  if (isLong(body['id'])) throw invalid('id', `must be no longer than ${value} ${unit}`)
  return { id: readId(body), method, params }
}

/** Returns the id in a decoded body, if it is one that an answer can have. */
export function readId(body: unknown): RpcId | undefined {
  if (!isObject(body)) return undefined
  const id = body['id']
  if (isLong(id)) return undefined
  return typeof id === 'string' || typeof id === 'number' || id === null ? id : undefined
}

function isLong(id: unknown): boolean {
  return (
    typeof id === 'string' &&
    id.length * 3 > limits.idBytes.value &&
    Buffer.byteLength(id) > limits.idBytes.value
  )
}

function invalid(member: string, rule: string): BusError {
  return new BusError('InvalidRequest', `not a JSON-RPC 2.0 request: "${member}" ${rule}`, {
    data: { member },
  })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Some peers write the code as a string (`"405"`), or data that is not an object. */
function readError(error: Record<string, unknown>): BusError {
  const code = Number(error['code'] ?? Number.NaN)
  const message = typeof error['message'] === 'string' ? error['message'] : 'The service gave no message.'
  const data = error['data']
  const facts: ErrorData = isObject(data) ? data : data === undefined || data === null ? {} : { data }
  return Number.isInteger(code)
    ? errorOfCode(code, message, facts)
    : new BusError('RemoteError', message, { data: facts })
}

interface ErrorFacts {
  readonly code: number
  readonly message: string
  readonly data: ErrorData
}

/** An error without a numeric code becomes an internal one; a string code (`ENOENT`) goes into its data. */
function describe(error: unknown): ErrorFacts {
  const internal = new BusError('InternalError', '').code
  if (!(error instanceof Error))
    return { code: internal, message: String(error), data: { exception: typeof error } }
  const { code, data }: Error & { code?: unknown; data?: unknown } = error
  const facts = { ...(isObject(data) ? data : {}), exception: exceptionName(error, data) }
  if (typeof code === 'number' && Number.isInteger(code)) return { code, message: error.message, data: facts }
  const detail = typeof code === 'string' ? { code } : {}
  return { code: internal, message: error.message, data: { ...detail, ...facts } }
}

/** An error that crosses the bus more than once keeps the name of its original class. */
function exceptionName(error: Error, data: unknown): string {
  const first = isObject(data) ? data['exception'] : undefined
  return typeof first === 'string' ? first : error.name
}
