/** Looks at the places that the storage service keeps files in, so that a wrong one is found before anything connects. */
import { accessSync, constants, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { ConfigError, type SettingFault } from '@commissaire/service'

/** The settings that name places. */
export interface FolderSettings {
  readonly data_dir: string
  readonly vault_key_path?: string | undefined
  readonly storage_handlers?: readonly { readonly type?: string }[] | undefined
}

/** Makes the folders that are not there. Throws `ConfigError` with what is wrong with each. */
export function checkFolders(places: FolderSettings): void {
  const { data_dir, vault_key_path } = places
  const faults = [
    ...(needsDataDir(places) ? folderFaults('data_dir', data_dir, data_dir) : []),
    ...(vault_key_path === undefined ? [] : keyFaults(vault_key_path)),
  ]
  if (faults.length > 0) throw new ConfigError(faults)
}

/** Where the key lies elsewhere and no handler has files, nobody needs it. */
function needsDataDir({ vault_key_path, storage_handlers = [] }: FolderSettings): boolean {
  const hasFiles =
    storage_handlers.length === 0 || storage_handlers.some(({ type = '' }) => type.endsWith('sqlite'))
  return vault_key_path === undefined || hasFiles
}

function folderFaults(setting: string, value: string, folder: string): SettingFault[] {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    accessSync(folder, constants.W_OK | constants.X_OK)
    return []
  } catch (cause) {
    const remedy = 'name a folder that this program may make and write to'
    return [{ setting, text: `is "${value}"; ${folder} cannot be used: ${reasonOf(cause)}; ${remedy}` }]
  }
}

function keyFaults(path: string): SettingFault[] {
  const setting = 'vault_key_path'
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) return folderFaults(setting, path, dirname(path))
  if (!found.isFile()) return [{ setting, text: `is "${path}", which is no file; name one, or leave it out` }]
  if ((found.mode & 0o077) !== 0)
    return [{ setting, text: `is "${path}", which others may read; run: chmod 600 ${path}` }]
  return []
}

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
