/** The program `commissaire-storage-service`. */
import { version } from '../shared/version.ts'
import { connectionOf, defineProgram, serviceSettings } from '@commissaire/service'
import { defaultDataDir, StorageConfig } from '@commissaire/storage'
import { z } from 'zod'

import { StorageService } from './service.ts'
import { checkFolders } from './check-folders.ts'
import { checkStorage } from './check-handlers.ts'
import { serve } from '../shared/serve.ts'

/** Its settings. */
export const StorageSettings = z.object({
  ...serviceSettings,
  storage_handlers: StorageConfig.shape.storage_handlers.describe('which store has which models'),
  data_dir: z
    .string()
    .min(1)
    .default(defaultDataDir)
    .describe('the folder of the files of stores and of the key of the vault'),
  vault_key_path: z
    .string()
    .min(1)
    .optional()
    .describe('the file of the keys that seal secrets; by default vault.key in data_dir'),
})

/** The program. */
export const program = defineProgram({
  name: 'commissaire-storage-service',
  description: 'Brokers the storage and retrieval of persistent data.',
  version,
  configFile: '/etc/commissaire/storage.conf',
  schema: StorageSettings,
  flags: [{ flags: '--data-dir <dir>', key: 'data_dir', description: 'the folder of the files of stores' }],
  examples: ['commissaire-storage-service -c /etc/commissaire/storage.conf'],
  run: async (settings, { log, configFile }) => {
    checkFolders(settings)
    const { storage_handlers, data_dir: dataDir, vault_key_path: keyFile, processes } = settings
    await checkStorage({ storage_handlers }, configFile)
    const places = { dataDir, ...(keyFile && { keyFile }), ...(configFile && { configFile }) }
    const options = { ...connectionOf(settings), log, storage: { storage_handlers }, ...places }
    await serve(StorageService, options, { processes })
  },
})
