/**
 * Determines which methods of a service peers can call: methods named `on_<method>` of its class and of its superclasses
 * up to `CommissaireService`. Fields, getters and members of Object are not callable.
 */
import type { Message } from '@commissaire/bus'
import type { output, ZodObject, ZodType } from 'zod'
import { didYouMean } from '../program/did-you-mean.ts'
import { type Signature, signatureOf } from './signature.ts'

/** The declaration of one method in `static methods`. */
export interface MethodDeclaration {
  /** The names of the arguments in order. With names, callers can pass the arguments as an object. */
  readonly params?: readonly string[]
  /** The schema of the arguments: an object whose keys are the names of the arguments in order. */
  readonly schema?: ZodObject
  /** Like `schema`; the method then takes the parsed arguments as one object after the message, see `MethodInput`. */
  readonly input?: ZodObject
  /** The schema of the result. Published by `describe`, not validated. */
  readonly result?: ZodType
  /** A one-line description, published by `describe`. */
  readonly doc?: string
}

/** The declarations of a service, by method. */
export type MethodDeclarations = Readonly<Record<string, MethodDeclaration>>

/** The arguments of a method that declares an `input`, as the method receives them: parsed, with their defaults. */
export type MethodInput<Declaration extends { readonly input: ZodObject }> = output<Declaration['input']>

/**
 * The handlers that a service with these declarations has. A class that implements it does not compile when a handler is
 * missing, or takes something else than its `input` says.
 */
export type MethodHandlers<Declarations extends MethodDeclarations> = {
  [Name in keyof Declarations & string as `on_${Name}`]: Declarations[Name] extends {
    readonly input: infer Input extends ZodObject
  }
    ? (message: Message, input: output<Input>) => unknown
    : (message: Message, ...args: never[]) => unknown
}

/** A method that peers can call. */
export interface ExposedMethod {
  readonly name: string
  readonly call: (...args: unknown[]) => unknown
  readonly signature: Signature
  readonly declaration: MethodDeclaration
  /** The schema of the arguments; undefined when none is declared. */
  readonly schema: ZodObject | undefined
  /** The declared names of the arguments in order; undefined when none are declared. */
  readonly names: readonly string[] | undefined
}

/** The parts of a service's class that determine its methods. */
export interface ServiceClass {
  readonly name: string
  readonly prototype: object
  readonly methods?: MethodDeclarations
}

/** The number of required arguments, from the schema if there is one, else from the source text of the method. */
export function requiredOf({ schema, names, signature }: ExposedMethod): number {
  if (schema === undefined || names === undefined) return signature.required
  return names.findLastIndex((name) => schema.shape[name]?.safeParse(undefined).success !== true) + 1
}

const prefix = 'on_'
const exposedMethods = new WeakMap<object, ReadonlyMap<string, ExposedMethod>>()

/** Returns the methods that peers can call on a service, by name. Computed once for each class. */
export function methodsOf(serviceClass: ServiceClass): ReadonlyMap<string, ExposedMethod> {
  const found = exposedMethods.get(serviceClass)
  if (found !== undefined) return found
  const methods = expose(serviceClass)
  exposedMethods.set(serviceClass, methods)
  return methods
}

function expose(serviceClass: ServiceClass): ReadonlyMap<string, ExposedMethod> {
  const declarations = declarationsOf(serviceClass)
  const methods = new Map<string, ExposedMethod>()
  for (const prototype of prototypeChain(serviceClass.prototype)) {
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      const name = key.slice(prefix.length)
      if (!key.startsWith(prefix) || name === '' || typeof value !== 'function' || methods.has(name)) continue
      methods.set(name, exposed(name, value, declarations.get(name) ?? {}))
    }
  }
  rejectUnknownDeclarations(serviceClass, declarations, methods)
  return methods
}

function exposed(name: string, call: ExposedMethod['call'], declaration: MethodDeclaration): ExposedMethod {
  const { params, input, schema = input } = declaration
  const names = params ?? (schema === undefined ? undefined : Object.keys(schema.shape))
  return { name, call, signature: signatureOf(call), declaration, schema, names }
}

/** The prototypes from the most derived class up to, but without, that of Object. */
function* prototypeChain(prototype: object): Generator<object> {
  for (let each: object | null = prototype; each !== null && each !== Object.prototype;) {
    yield each
    each = Reflect.getPrototypeOf(each)
  }
}

function declarationsOf(serviceClass: ServiceClass): Map<string, MethodDeclaration> {
  const declarations = new Map<string, MethodDeclaration>()
  for (let each: object | null = serviceClass; each !== null && each !== Function.prototype;) {
    for (const [name, declaration] of Object.entries(hasOwnDeclarations(each) ? each.methods : {})) {
      if (!declarations.has(name)) declarations.set(name, declaration)
    }
    each = Reflect.getPrototypeOf(each)
  }
  return declarations
}

/** True for a class with declarations of its own, which are not only inherited. */
function hasOwnDeclarations(serviceClass: object): serviceClass is { methods: MethodDeclarations } {
  return Object.hasOwn(serviceClass, 'methods')
}

function rejectUnknownDeclarations(
  serviceClass: ServiceClass,
  declarations: ReadonlyMap<string, MethodDeclaration>,
  methods: ReadonlyMap<string, ExposedMethod>,
): void {
  for (const name of declarations.keys()) {
    if (methods.has(name)) continue
    const hint = didYouMean(name, methods.keys())
    throw new Error(
      `${serviceClass.name}.methods declares "${name}", but there is no method on_${name}${hint}`,
    )
  }
}
