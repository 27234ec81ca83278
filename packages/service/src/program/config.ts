/**
 * Loads the configuration of a program. Flags take precedence over the environment, the environment over the file, the
 * file over defaults. Errors name the source, the key, the value and what is allowed.
 */
import { z } from 'zod'
import { ConfigError } from './config-error.ts'
import { readConfigFile } from './config-file.ts'
import { environmentLayer, fileLayer, flagLayer, type Layer } from './config-layers.ts'
import { keysAt } from './config-shape.ts'
import { didYouMean } from './did-you-mean.ts'
import { redactMembers } from '../observability/redact.ts'

/** The sources of settings. */
export interface ConfigSources {
  /** A file that must exist. */
  readonly file?: string | undefined
  /** The file that is read if it exists and `file` is undefined. */
  readonly defaultFile?: string | undefined
  /** The environment; default that of this process. */
  readonly environment?: NodeJS.ProcessEnv
  /** The values of flags, by the keys of the schema. */
  readonly flags?: Readonly<Record<string, unknown>>
  /** The flags whose names differ from their keys. */
  readonly flagNames?: Readonly<Record<string, string>>
}

/** Settings and their sources. */
export interface ReadConfig<Schema extends z.ZodObject> {
  readonly settings: z.output<Schema>
  /** The name of a setting in its source: `/etc/x.conf: "tls_pemfile"`, `--tls-pemfile`. */
  readonly nameOf: (setting: string) => string
}

/** Loads and validates the settings of a schema. Throws `ConfigError` with all faults. */
export function loadConfig<Schema extends z.ZodObject>(
  schema: Schema,
  sources: ConfigSources,
): z.output<Schema> {
  return readConfig(schema, sources).settings
}

/** Loads settings like `loadConfig`, and returns how each is named in its source, for errors that are found later. */
export function readConfig<Schema extends z.ZodObject>(
  schema: Schema,
  sources: ConfigSources,
): ReadConfig<Schema> {
  const layers = layersOf(schema, sources)
  const values = Object.fromEntries(layers.flatMap((layer) => Object.entries(layer.values)))
  const result = schema.strict().safeParse(values)
  const nameOf = (setting: string) => nameInSource(setting, layers)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- zod forgets the shape when it becomes strict
  if (result.success) return { settings: result.data as z.output<Schema>, nameOf }
  throw new ConfigError(
    result.error.issues.flatMap((issue) => describeIssue(issue, { schema, layers, values })),
  )
}

/** The layers, from the lowest precedence to the highest. */
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

function describeIssue(issue: Issue, context: Context): string[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, issue.path, context))
  const found = valueAt(context.values, issue.path)
  if (found === undefined) return [`${settingName(issue.path, context)} is missing; ${allowedText(issue)}`]
  const hint = typeof found === 'string' ? didYouMean(found, allowedWords(issue)) : ''
  return [
    `${settingName(issue.path, context)} is ${foundText(found, issue.path)}; ${allowedText(issue)}${hint}`,
  ]
}

function unknownKey(key: string, path: readonly PropertyKey[], context: Context): string {
  const known = keysAt(context.schema, context.values, path)
  const hint = didYouMean(key.replaceAll('-', '_'), known)
  return `${settingName([...path, key], context)} is no known key; allowed: ${known.join(', ')}${hint}`
}

/** The name of the setting at a path in its source, such as `x.conf: "storage_handlers[1].type"`. */
function settingName(path: readonly PropertyKey[], { layers }: Context): string {
  const steps = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
  return nameInSource(steps.join('').slice(1), layers)
}

function nameInSource(setting: string, layers: readonly Layer[]): string {
  const first = setting.split(/[.[]/, 1)[0] ?? setting
  const source = layers.findLast(({ values }) => Object.hasOwn(values, first))
  return (source ?? layers.find(({ file }) => file !== undefined))?.nameOf(setting) ?? `"${setting}"`
}

function allowedText(issue: Issue): string {
  const words = allowedWords(issue)
  if (words.length > 0) return `allowed: ${words.map((word) => JSON.stringify(word)).join(', ')}`
  if (issue.code === 'invalid_type') return `allowed: ${withArticle(issue.expected)}`
  if (issue.code === 'invalid_union') return `allowed: ${unionText(issue)}`
  return `allowed: ${plainRule(issue.message)}`
}

function unionText(issue: Extract<Issue, { code: 'invalid_union' }>): string {
  const options = issue.errors.map((errors) => errors.map(({ message }) => plainRule(message)).join(' and '))
  return [...new Set(options)].join(', or ')
}

/** A message of zod reduced to what is allowed. */
function plainRule(message: string): string {
  return message
    .replace(/^(?:Invalid [a-z]+|Too (?:small|big)): (?:expected )?/, '')
    .replace(/, received .*$/, '')
    .replace('string to have >=1 characters', 'a text that is not empty')
    .replace(/^number to be >(=?)/, (_all, orEqual) => (orEqual ? 'a number not below ' : 'a number above '))
    .replace(/^number to be <=/, 'a number not above ')
}

function withArticle(type: string): string {
  return `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`
}

/** The words that are allowed, if the setting takes one of several. */
function allowedWords(issue: Issue): string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String)
  const options = issue.code === 'invalid_union' && 'options' in issue ? issue.options : undefined
  return Array.isArray(options) ? options.map(String) : []
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((here, key) => (isObject(here) ? Reflect.get(here, key) : undefined), value)
}

/** The value that was found, without secrets, because errors are logged. */
function foundText(found: unknown, path: readonly PropertyKey[]): string {
  const key = path.findLast((each) => typeof each === 'string') ?? ''
  const text = JSON.stringify(redactMembers({ [key]: found })[key])
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
