/**
 * Makes the configuration of a program: flag over environment over file over default. Whatever is wrong or unknown is an
 * error that names the source, the key, what was found and what is allowed.
 */
import { z } from 'zod'
import { ConfigError } from './config-error.ts'
import { readConfigFile } from './config-file.ts'
import { environmentLayer, fileLayer, flagLayer, type Layer } from './config-layers.ts'
import { keysAt } from './config-shape.ts'
import { didYouMean } from './did-you-mean.ts'
import { redactMembers } from '../observability/redact.ts'

/** Where to look for settings. */
export interface ConfigSources {
  /** A file that was asked for: it must be there. */
  readonly file?: string | undefined
  /** The file that is read when there is one and no other was asked for. */
  readonly defaultFile?: string | undefined
  /** Default the environment of this process. */
  readonly environment?: NodeJS.ProcessEnv
  /** What was said on the command line, by the schema's keys. */
  readonly flags?: Readonly<Record<string, unknown>>
  /** How a flag is written where its name is not that of its key. */
  readonly flagNames?: Readonly<Record<string, string>>
}

/** Settings, and who said them. */
export interface ReadConfig<Schema extends z.ZodObject> {
  readonly settings: z.output<Schema>
  /** How a setting is called where it was said: `/etc/x.conf: "tls_pemfile"`, `--tls-pemfile`. */
  readonly nameOf: (setting: string) => string
}

/** The settings that a schema asks for. Throws `ConfigError` with every fault. */
export function loadConfig<Schema extends z.ZodObject>(
  schema: Schema,
  sources: ConfigSources,
): z.output<Schema> {
  return readConfig(schema, sources).settings
}

/** The same, for who has to say later that a setting turned out to be wrong. */
export function readConfig<Schema extends z.ZodObject>(
  schema: Schema,
  sources: ConfigSources,
): ReadConfig<Schema> {
  const layers = layersOf(schema, sources)
  const values = Object.fromEntries(layers.flatMap((layer) => Object.entries(layer.values)))
  const result = schema.strict().safeParse(values)
  const nameOf = (setting: string) => written(setting, layers)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- zod forgets the shape when it becomes strict
  if (result.success) return { settings: result.data as z.output<Schema>, nameOf }
  throw new ConfigError(result.error.issues.flatMap((issue) => inWords(issue, { schema, layers, values })))
}

/** From the weakest to the strongest. */
function layersOf(schema: z.ZodObject, sources: ConfigSources): Layer[] {
  const { file = sources.defaultFile, environment = process.env, flags = {}, flagNames } = sources
  const read = file === undefined ? undefined : readConfigFile(file)
  if (read === undefined && sources.file !== undefined) {
    throw new ConfigError([`${sources.file}: there is no such file`])
  }
  const layers = [environmentLayer(schema, environment), flagLayer(schema, flags, { flagNames })]
  return file !== undefined && read !== undefined ? [fileLayer(schema, file, read), ...layers] : layers
}

interface Context {
  readonly schema: z.ZodObject
  readonly layers: readonly Layer[]
  readonly values: Record<string, unknown>
}

type Issue = z.core.$ZodIssue

function inWords(issue: Issue, context: Context): string[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, issue.path, context))
  const found = at(context.values, issue.path)
  if (found === undefined) return [`${name(issue.path, context)} is missing; ${expected(issue)}`]
  const hint = typeof found === 'string' ? didYouMean(found, allowed(issue)) : ''
  return [`${name(issue.path, context)} is ${shown(found, issue.path)}; ${expected(issue)}${hint}`]
}

function unknownKey(key: string, path: readonly PropertyKey[], context: Context): string {
  const known = keysAt(context.schema, context.values, path)
  const hint = didYouMean(key.replaceAll('-', '_'), known)
  return `${name([...path, key], context)} is no known key; allowed: ${known.join(', ')}${hint}`
}

/** The source that said the first key of the path, and the path as one writes it: `storage_handlers[1].type`. */
function name(path: readonly PropertyKey[], { layers }: Context): string {
  const steps = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
  return written(steps.join('').slice(1), layers)
}

function written(setting: string, layers: readonly Layer[]): string {
  const first = setting.split(/[.[]/, 1)[0] ?? setting
  const source = layers.findLast(({ values }) => Object.hasOwn(values, first))
  return (source ?? layers.find(({ file }) => file !== undefined))?.nameOf(setting) ?? `"${setting}"`
}

function expected(issue: Issue): string {
  const words = allowed(issue)
  if (words.length > 0) return `allowed: ${words.map((word) => JSON.stringify(word)).join(', ')}`
  if (issue.code === 'invalid_type') return `allowed: ${article(issue.expected)}`
  if (issue.code === 'invalid_union') return `allowed: ${unionInWords(issue)}`
  return `allowed: ${plain(issue.message)}`
}

function unionInWords(issue: Extract<Issue, { code: 'invalid_union' }>): string {
  const options = issue.errors.map((errors) => errors.map(({ message }) => plain(message)).join(' and '))
  return [...new Set(options)].join(', or ')
}

/** A rule without the words that zod puts around it. */
function plain(message: string): string {
  return message
    .replace(/^(?:Invalid [a-z]+|Too (?:small|big)): (?:expected )?/, '')
    .replace(/, received .*$/, '')
    .replace('string to have >=1 characters', 'a text that is not empty')
    .replace(/^number to be >(=?)/, (_all, orEqual) => (orEqual ? 'a number not below ' : 'a number above '))
    .replace(/^number to be <=/, 'a number not above ')
}

function article(type: string): string {
  return `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`
}

/** The words of which one was to be chosen. */
function allowed(issue: Issue): string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String)
  const options = issue.code === 'invalid_union' && 'options' in issue ? issue.options : undefined
  return Array.isArray(options) ? options.map(String) : []
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((here, key) => (isObject(here) ? Reflect.get(here, key) : undefined), value)
}

/** What was found, unless it is a secret: errors of the configuration end in logs. */
function shown(found: unknown, path: readonly PropertyKey[]): string {
  const key = path.findLast((each) => typeof each === 'string') ?? ''
  const text = JSON.stringify(redactMembers({ [key]: found })[key])
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
