/**
 * The storage of models: the store of the storage service, and the client for all other parts.
 */
export { asBusError } from './arguments.ts'
export { type SaveOptions, StorageClient } from './client.ts'
export { type Copied, type CopyOptions, copyStore, type Progress, TargetNotEmpty } from './copy.ts'
export { ConfigurationError, conflict, StoreFault, type StoreFaultKind } from './faults.ts'
export type {
  Deletion,
  ForeignChange,
  HandlerLog,
  Place,
  Stored,
  StoreHandler,
  Write,
  Written,
} from './handler.ts'
export type { HandlerModule } from './configuration/handler-kinds.ts'
export { largestPage, type Page, PageQuery } from './page.ts'
export { keyPath } from './keys.ts'
export { type StorageEvent, StorageMethods, type StorageMethodsOptions } from './methods.ts'
export { checkConfiguration, StorageConfig } from './configuration/placement.ts'
export { isConflict, isMissing } from './refusals.ts'
export {
  type Change,
  defaultDataDir,
  type Fetched,
  type HandlerDescription,
  type HeardChange,
  type Kept,
  Store,
  type StoreHealth,
  type StoreOptions,
} from './store.ts'
export { Vault } from './vault/vault.ts'
