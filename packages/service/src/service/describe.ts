/**
 * The description of a service: its methods with their arguments and schemas, and the process that answers. The built-in
 * method `describe` returns it.
 */
import { hostname } from 'node:os'
import { z } from 'zod'
import { type ExposedMethod, requiredOf } from './methods.ts'
import type { ServiceState } from './service-state.ts'

/** A JSON Schema, as `describe` publishes it. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** An argument of a method. */
export interface ArgumentDescription {
  readonly name: string
  readonly required: boolean
  readonly schema?: JsonSchema
}

/** A method that peers can call. */
export interface MethodDescription {
  readonly name: string
  readonly doc?: string
  readonly arguments: readonly ArgumentDescription[]
  /** True when callers can pass the arguments as an object, by name. */
  readonly byName: boolean
  readonly result?: JsonSchema
}

/** The result of `describe`. */
export interface ServiceDescription {
  readonly service: string
  readonly version: string
  readonly doc?: string
  readonly queues: readonly { readonly name: string; readonly routingKeys: readonly string[] }[]
  readonly methods: readonly MethodDescription[]
  /** The process that answered. When a service runs in several processes, each describes itself. */
  readonly process: {
    readonly pid: number
    readonly host: string
    readonly state: ServiceState
    readonly uptime: number
  }
}

/** Describes the methods of a service in alphabetical order. */
export function describeMethods(methods: ReadonlyMap<string, ExposedMethod>): MethodDescription[] {
  return [...methods.values()].map(describeMethod).sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Describes the current process. */
export function describeProcess(state: ServiceState): ServiceDescription['process'] {
  return { pid: process.pid, host: hostname(), state, uptime: Math.round(process.uptime()) }
}

function describeMethod(method: ExposedMethod): MethodDescription {
  const { doc, result } = method.declaration
  return {
    name: method.name,
    ...(doc !== undefined && { doc }),
    arguments: describeArguments(method),
    byName: method.names !== undefined,
    ...(result !== undefined && { result: jsonSchema(result) }),
  }
}

function describeArguments(method: ExposedMethod): ArgumentDescription[] {
  const required = requiredOf(method)
  const shape = method.schema?.shape ?? {}
  return (method.names ?? method.signature.names).map((name, index) => {
    const type = shape[name]
    const argument = { name, required: index < required }
    return type === undefined ? argument : Object.assign(argument, { schema: jsonSchema(type) })
  })
}

function jsonSchema(type: z.core.$ZodType): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(type, { io: 'input', unrepresentable: 'any' })
  return schema
}
