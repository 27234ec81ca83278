/** The content of a program's manual page, derived from its definition. */
import { z } from 'zod'
import { type FlagDefinition, fixedFlags } from './flags.ts'

/** A setting in the manual. */
export interface SettingText {
  readonly key: string
  readonly text: string
  /** The default as JSON, or the text of `shownDefault` in the metadata of the schema; undefined without a default. */
  readonly default: string | undefined
}

/** The content of a manual page. */
export interface ProgramManual {
  readonly name: string
  readonly description: string
  readonly version: string
  readonly configFile: string | undefined
  readonly flags: readonly { readonly flags: string; readonly text: string }[]
  readonly settings: readonly SettingText[]
  readonly examples: readonly string[]
}

interface Described {
  readonly name: string
  readonly description: string
  readonly version: string
  readonly configFile?: string
  readonly examples?: readonly string[]
}

/** Returns the manual of a program. */
export function manualOf(
  { name, description, version, configFile, examples = [] }: Described,
  schema: z.ZodObject,
  flags: readonly FlagDefinition[],
): ProgramManual {
  const own = flags.map((flag) => ({ flags: flag.flags, text: flag.description }))
  const settings = Object.entries(schema.shape).map(([key, member]) => settingOf(key, member))
  return {
    name,
    description,
    version,
    configFile,
    flags: [...fixedFlags(configFile), ...own],
    settings,
    examples,
  }
}

function settingOf(key: string, member: z.core.$ZodType): SettingText {
  const meta = z.globalRegistry.get(member)
  const shown = meta?.['shownDefault']
  const text = meta?.description ?? ''
  return { key, text, default: typeof shown === 'string' ? shown : defaultOf(member) }
}

function defaultOf(member: z.core.$ZodType): string | undefined {
  const { def } = member._zod
  return 'defaultValue' in def ? JSON.stringify(def.defaultValue) : undefined
}
