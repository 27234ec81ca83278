/**
 * Where a store is, as a person writes it: a data folder, an SQLite file, a URL of etcd, or a storage configuration.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseAs } from '@commissaire/models'
import { ConfigurationError, defaultDataDir, StorageConfig, Store } from '@commissaire/storage'
import { z } from 'zod'
import { isDataFolder } from '../data-folder.ts'

/** A place of a store, not opened yet. */
export interface StorePlace {
  /** As the person wrote it. */
  readonly name: string
  readonly config: StorageConfig
  /** Where handlers keep files. */
  readonly dataDir: string | undefined
  /** The data folder to be held meanwhile, so that no `commissaire` uses it. */
  readonly folder: string | undefined
  /** The keys that secrets are sealed with; undefined when the place does not tell. */
  readonly keyFile: string | undefined
  /** The file of which the models are, where there is one. */
  readonly database: string | undefined
}

/** Reads what the person wrote; `keyFile` is what they said about the keys. */
export function readPlace(name: string, keyFile: string | undefined): StorePlace {
  const place = find(name)
  return keyFile === undefined ? place : { ...place, keyFile: resolve(keyFile) }
}

function find(name: string): StorePlace {
  if (/^https?:\/\//.test(name)) return etcd(name)
  const path = resolve(name)
  if (/\.(conf|json)$/.test(path)) return configured(name, path)
  const isFile = existsSync(path) ? statSync(path).isFile() : path.endsWith('.db')
  return isFile ? database(name, path) : folder(name, path)
}

function etcd(name: string): StorePlace {
  const config = { storage_handlers: [{ type: 'etcd', server_url: name }] }
  return { name, config, dataDir: undefined, folder: undefined, keyFile: undefined, database: undefined }
}

function database(name: string, path: string): StorePlace {
  const config = { storage_handlers: [{ type: 'sqlite', path }] }
  const dataDir = dirname(path)
  return { name, config, dataDir, folder: inUse(dataDir), keyFile: keyFileIn(dataDir), database: path }
}

/** The program `commissaire` calls its key file otherwise than the storage service does. */
function keyFileIn(directory: string): string {
  const ofService = join(directory, 'vault.key')
  return existsSync(ofService) ? ofService : join(directory, 'sealing.key')
}

function folder(name: string, path: string): StorePlace {
  return { ...database(name, join(path, 'commissaire.db')), folder: path }
}

function inUse(directory: string): string | undefined {
  return isDataFolder(directory) ? directory : undefined
}

const Configuration = z.looseObject({
  ...StorageConfig.shape,
  data_dir: z.string().min(1).default(defaultDataDir),
  vault_key_path: z.string().min(1).optional(),
})

function configured(name: string, path: string): StorePlace {
  const { storage_handlers, data_dir, vault_key_path } = parseAs(Configuration, readJson(path), { name })
  const keyFile = resolve(data_dir, vault_key_path ?? 'vault.key')
  const dataDir = resolve(data_dir)
  return { name, config: { storage_handlers }, dataDir, folder: inUse(dataDir), keyFile, database: undefined }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    const found = cause instanceof SyntaxError ? 'is no JSON' : 'cannot be read'
    const text = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigurationError(`${path} ${found}: ${text}`, { cause })
  }
}

/** Opens the store of a place, and writes nothing. */
export function openStore({ name, config, dataDir, keyFile }: StorePlace): Promise<Store> {
  return Store.openAsIs(config, { file: name, ...(dataDir && { dataDir }), ...(keyFile && { keyFile }) })
}
