/** Selects the output format. Each format is a file in this folder and is loaded when it is used. */
import type { WriteOptions } from './view.ts'

/** What `-o` takes. Without it a result is written as `text`, which is what scripts have always read. */
export const formats = ['table', 'json', 'yaml', 'name'] as const

/** A format, or `text` for what scripts have always read. */
export type Format = (typeof formats)[number] | 'text'

const writers: Record<Format, () => Promise<(value: unknown, options: WriteOptions) => string>> = {
  text: async () => (await import('./text.ts')).writeText,
  yaml: async () => (await import('./yaml.ts')).writeYaml,
  json: async () => (await import('./json.ts')).writeJson,
  name: async () => (await import('./name.ts')).writeNames,
  table: async () => (await import('./table.ts')).writeTable,
}

/** Writes a value; the text has no newline at its end, and is empty when there is nothing to say. */
export async function write(value: unknown, format: Format, options: WriteOptions): Promise<string> {
  const writer = await writers[format]()
  return writer(value, options)
}
