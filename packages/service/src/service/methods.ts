/**
 * Which methods of a service may be called from outside: those named `on_<method>` that its own class, or a class
 * between it and `CommissaireService`, declares. Nothing inherited from Object, no field, no getter.
 */
import type { Message } from '@commissaire/bus'
import type { output, ZodObject, ZodType } from 'zod'
import { didYouMean } from '../program/did-you-mean.ts'
import { type Signature, signatureOf } from './signature.ts'

/** What a service may say about one of its methods, in `static methods`. */
export interface MethodDeclaration {
  /** The arguments' names, in order. Callers may then pass an object. */
  readonly params?: readonly string[]
  /** What the arguments must be: an object schema whose keys are the arguments' names, in order. */
  readonly schema?: ZodObject
  /** Like `schema`; the method then takes the parsed arguments as one object after the message, see `MethodInput`. */
  readonly input?: ZodObject
  /** What the result is. Published by `describe`, not checked. */
  readonly result?: ZodType
  /** One line for whoever looks at the running system. */
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

/** A method as the dispatcher and `describe` see it. */
export interface ExposedMethod {
  readonly name: string
  readonly call: (...args: unknown[]) => unknown
  readonly signature: Signature
  readonly declaration: MethodDeclaration
  /** What the arguments must be; undefined when the service does not say. */
  readonly schema: ZodObject | undefined
  /** The declared names in order; undefined when the service declares none. */
  readonly names: readonly string[] | undefined
}

/** The class of a service, as far as its methods are concerned. */
export interface ServiceClass {
  readonly name: string
  readonly prototype: object
  readonly methods?: MethodDeclarations
}

/** How many arguments a method must be given, by its schema where there is one, else by its source. */
export function requiredOf({ schema, names, signature }: ExposedMethod): number {
  if (schema === undefined || names === undefined) return signature.required
  return names.findLastIndex((name) => schema.shape[name]?.safeParse(undefined).success !== true) + 1
}

const prefix = 'on_'
const known = new WeakMap<object, ReadonlyMap<string, ExposedMethod>>()

/** The methods that peers may call on a service, by name. Computed once for each class. */
export function methodsOf(serviceClass: ServiceClass): ReadonlyMap<string, ExposedMethod> {
  const found = known.get(serviceClass)
  if (found !== undefined) return found
  const methods = expose(serviceClass)
  known.set(serviceClass, methods)
  return methods
}

function expose(serviceClass: ServiceClass): ReadonlyMap<string, ExposedMethod> {
  const declarations = declarationsOf(serviceClass)
  const methods = new Map<string, ExposedMethod>()
  for (const prototype of chain(serviceClass.prototype)) {
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      const name = key.slice(prefix.length)
      if (!key.startsWith(prefix) || name === '' || typeof value !== 'function' || methods.has(name)) continue
      methods.set(name, exposed(name, value, declarations.get(name) ?? {}))
    }
  }
  refuseGhosts(serviceClass, declarations, methods)
  return methods
}

function exposed(name: string, call: ExposedMethod['call'], declaration: MethodDeclaration): ExposedMethod {
  const { params, input, schema = input } = declaration
  const names = params ?? (schema === undefined ? undefined : Object.keys(schema.shape))
  return { name, call, signature: signatureOf(call), declaration, schema, names }
}

/** The prototypes from the most special one up, without Object's. */
function* chain(prototype: object): Generator<object> {
  for (let each: object | null = prototype; each !== null && each !== Object.prototype;) {
    yield each
    each = Reflect.getPrototypeOf(each)
  }
}

function declarationsOf(serviceClass: ServiceClass): Map<string, MethodDeclaration> {
  const declarations = new Map<string, MethodDeclaration>()
  for (let each: object | null = serviceClass; each !== null && each !== Function.prototype;) {
    for (const [name, declaration] of Object.entries(declares(each) ? each.methods : {})) {
      if (!declarations.has(name)) declarations.set(name, declaration)
    }
    each = Reflect.getPrototypeOf(each)
  }
  return declarations
}

/** True for a class that declares something itself, and does not only inherit it. */
function declares(serviceClass: object): serviceClass is { methods: MethodDeclarations } {
  return Object.hasOwn(serviceClass, 'methods')
}

function refuseGhosts(
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
