/**
 * Block YAML as PyYAML writes it, which existing tools parse: sorted members, lists not indented, and quotes around every text that YAML 1.1 would take for something else.
 */
import { stringify } from 'yaml'

/** Writes a value as YAML. */
export function writeYaml(value: unknown): string {
  return stringify(value, {
    version: '1.1',
    sortMapEntries: true,
    indentSeq: false,
    singleQuote: true,
    lineWidth: 0,
    aliasDuplicateObjects: false,
  }).trimEnd()
}
