/**
 * What the routes stand on: the bus, the storage behind it, and a log.
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

/** What a route may ask. */
export interface Backend {
  readonly bus: Requester & Pick<Bus, 'dead' | 'listen' | 'rollCall'>
  readonly storage: StorageClient
  readonly log: Logger
}

/** What hosts join and leave clusters with. */
export function lifecycleOf({ storage, bus, log }: Backend): LifecycleContext {
  return { storage, requester: bus, log }
}

/** The app as the routes see it: what a schema says about a request, the compiler knows too. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>
