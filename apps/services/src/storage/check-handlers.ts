/** Looks at the storage handlers that a program's configuration names, so that a fault in them ends it like any other fault there. */
import { ConfigError } from '@commissaire/service'
import { checkConfiguration, type StorageConfig } from '@commissaire/storage'

/** Opens nothing; throws a `ConfigError`. Called once, before there are processes. */
export async function checkStorage(config: StorageConfig, file = 'storage.conf'): Promise<void> {
  try {
    await checkConfiguration(config, { file })
  } catch (cause) {
    const isOurs = cause instanceof Error && 'code' in cause && cause.code === 'configuration'
    throw isOurs ? new ConfigError([cause.message], { cause }) : cause
  }
}
