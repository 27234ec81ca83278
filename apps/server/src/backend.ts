/**
 * The dependencies of the routes: the bus, the storage and the log.
 */
import type { Bus, Logger, Requester } from '@commissaire/bus'
import type { StorageClient } from '@commissaire/storage'
import type { LifecycleContext } from '@commissaire/storage/host-lifecycle'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'

/** What a route may use. */
export interface Backend {
  readonly bus: Requester & Pick<Bus, 'dead' | 'listen' | 'rollCall'>
  readonly storage: StorageClient
  readonly log: Logger
}

/** Returns what the host lifecycle needs to add, move and remove hosts. */
export function lifecycleOf({ storage, bus, log }: Backend): LifecycleContext {
  return { storage, requester: bus, log }
}

/** The app with the types of requests inferred from their schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>
