/**
 * The default output: a list of scalars is printed one per line, so that another command can read it;
 * `Success` for an empty answer; else block YAML.
 */
import { printable } from './printable.ts'
import { writeYaml } from './yaml.ts'

/** Writes a value as people's scripts know it. */
export function writeText(value: unknown): string {
  if (isEmpty(value)) return 'Success'
  if (isScalar(value)) return printable(String(value))
  if (Array.isArray(value) && value.every(isScalar))
    return value.map((one) => printable(String(one))).join('\n')
  return writeYaml(value)
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true
  return typeof value === 'object' && Object.keys(value).length === 0
}
