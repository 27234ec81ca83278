/** Checks the folders and files of the storage service, so that a wrong path is reported before anything connects. */
import { accessSync, constants, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { ConfigError, type SettingFault } from '@commissaire/service'

/** The settings that name folders and files. */
export interface FolderSettings {
  readonly data_dir: string
  readonly vault_key_path?: string | undefined
  readonly storage_handlers?: readonly { readonly type?: string }[] | undefined
}

/** Creates missing folders. Throws `ConfigError` with all faults. */
export function checkFolders(settings: FolderSettings): void {
  const { data_dir, vault_key_path } = settings
  const faults = [
    ...(needsDataDir(settings) ? folderFaults('data_dir', data_dir, data_dir) : []),
    ...(vault_key_path === undefined ? [] : keyFaults(vault_key_path)),
  ]
  if (faults.length > 0) throw new ConfigError(faults)
}

/** The data directory is not needed if the key has a path of its own and no handler has files. */
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
    const remedy = 'name a folder that this program may create and write to'
    return [{ setting, text: `is "${value}"; ${folder} cannot be used: ${reasonOf(cause)}; ${remedy}` }]
  }
}

function keyFaults(path: string): SettingFault[] {
  const setting = 'vault_key_path'
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) return folderFaults(setting, path, dirname(path))
  if (!found.isFile())
    return [{ setting, text: `is "${path}", which is not a file; name a file, or leave the setting out` }]
  if ((found.mode & 0o077) !== 0)
    return [{ setting, text: `is "${path}", which others may read; run: chmod 600 ${path}` }]
  return []
}

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
