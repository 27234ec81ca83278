/** Checks the storage handlers of a program's configuration, so that a fault in them is reported like any other fault in it. */
import { ConfigError } from '@commissaire/service'
import { checkConfiguration, type StorageConfig } from '@commissaire/storage'

/** Opens nothing; throws `ConfigError`. Called once, before processes are started. */
export async function checkStorage(config: StorageConfig, file = 'storage.conf'): Promise<void> {
  try {
    await checkConfiguration(config, { file })
  } catch (cause) {
    const isConfiguration = cause instanceof Error && 'code' in cause && cause.code === 'configuration'
    throw isConfiguration ? new ConfigError([cause.message], { cause }) : cause
  }
}
