/** Reads a configuration file, and the files that its keys point to. */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ConfigError } from './config-error.ts'

/** The object in a JSON file; undefined when there is no such file. */
export function readConfigFile(path: string): Record<string, unknown> | undefined {
  const text = readText(path)
  if (text === undefined) return undefined
  const value = parse(path, text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new ConfigError([
    `${path}: must be a JSON object, found ${Array.isArray(value) ? 'an array' : typeof value}`,
  ])
}

/** The secret in a file, without the line end after it. Relative paths are relative to the configuration file. */
export function readSecretFile(
  path: string,
  options: { of: string; configFile: string | undefined },
): string {
  const whole = resolve(options.configFile === undefined ? '.' : dirname(options.configFile), path)
  try {
    return readFileSync(whole, 'utf8').replace(/\r?\n$/, '')
  } catch (cause) {
    const text = `${options.of} names the file ${whole}, which cannot be read: ${reason(cause)}`
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

/** Node quotes what it could not read, and that may be a secret. */
const withoutContent = (text: string) => text.replace(/, (?:\.\.\.)?"[^]*$/, '')

const reason = (error: unknown) => (error instanceof Error ? error.message : String(error))
