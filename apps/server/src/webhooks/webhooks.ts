/**
 * Delivers the events of operations to all webhooks. The servers of a system share one queue, so each event is sent by
 * one of them. An event is acknowledged when every receiver has it or it was discarded; if this server ends before,
 * another one sends it. A receiver may therefore get an event twice, with the same id.
 */
import type { Bus, Logger } from '@commissaire/bus'
import { z } from 'zod'
import { Webhook, type WebhookLimits } from './webhook.ts'
import { webhookEvents, type WebhookSettings } from './webhook-settings.ts'

const WebhookMessage = z.looseObject({ id: z.string(), event: z.enum(webhookEvents) })

/** How many events are delivered at a time; more than fit into the queue of one receiver, so that none blocks the others. */
const PREFETCH = 1000
/** How long deliveries in progress may take when the server closes, in milliseconds. */
const DRAIN = 2000

/** The webhooks of a running server. */
export interface RunningWebhooks {
  /** Finishes deliveries in progress within two seconds. */
  close(): Promise<void>
}

/** Starts to consume events and to deliver them. */
export async function openWebhooks(
  settings: readonly WebhookSettings[],
  { bus, log, limits = {} }: { bus: Pick<Bus, 'serve'>; log: Logger; limits?: WebhookLimits },
): Promise<RunningWebhooks> {
  const closing = new AbortController()
  const hooks = settings.map((each) => new Webhook(each, { log, signal: closing.signal, limits }))
  const queue = { name: 'webhooks', routingKeys: webhookEvents.map((event) => `notify.${event}`) }
  const serving = await bus.serve(queue, {
    prefetch: PREFETCH,
    handler: async ({ body }) => {
      const message = WebhookMessage.safeParse(body)
      if (!message.success)
        return log.warn(
          { body: typeof body },
          'A message on the webhooks queue was ignored: it is not an event',
        )
      await Promise.all(hooks.map((hook) => hook.deliver(message.data)))
    },
  })
  return {
    async close() {
      const stopped = serving.stop({ timeout: DRAIN })
      const timer = setTimeout(() => closing.abort(), DRAIN)
      await stopped
      clearTimeout(timer)
      closing.abort()
    },
  }
}
