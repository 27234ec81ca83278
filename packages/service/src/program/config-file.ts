/** Reads a configuration file and the secret files that it names. */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ConfigError } from './config-error.ts'

/** Returns the object in a JSON file; undefined when the file does not exist. */
export function readConfigFile(path: string): Record<string, unknown> | undefined {
  const text = readText(path)
  if (text === undefined) return undefined
  const value = parse(path, text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new ConfigError([
    `${path}: must be a JSON object, found ${Array.isArray(value) ? 'an array' : typeof value}`,
  ])
}

/** Returns the content of a secret file without its final newline. The path may be relative to the configuration file. */
export function readSecretFile(
  path: string,
  options: { of: string; configFile: string | undefined },
): string {
  const absolute = resolve(options.configFile === undefined ? '.' : dirname(options.configFile), path)
  try {
    return readFileSync(absolute, 'utf8').replace(/\r?\n$/, '')
  } catch (cause) {
    const text = `${options.of} names the file ${absolute}, which cannot be read: ${reason(cause)}`
    throw new ConfigError([text], { cause })
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw new ConfigError([`${path}: cannot be read: ${reason(cause)}`], { cause })
  }
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ConfigError([`${path}: is not JSON: ${withoutContent(reason(cause))}`])
  }
}

/** Removes the quoted content from Node's message, which may contain a secret. */
const withoutContent = (text: string) => text.replace(/, (?:\.\.\.)?"[^]*$/, '')

const reason = (error: unknown) => (error instanceof Error ? error.message : String(error))
