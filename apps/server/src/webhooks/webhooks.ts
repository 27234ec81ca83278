/**
 * All webhooks of one server. The servers of a system share one queue, so that each event is sent by one of them; a
 * message stays on it until every receiver has the event, or it was given up, so that another server sends what this one
 * did not get to. A receiver may therefore get an event twice, under one id.
 */
import type { Bus, Logger } from '@commissaire/bus'
import { z } from 'zod'
import { Webhook, type WebhookLimits } from './webhook.ts'
import { webhookEvents, type WebhookSettings } from './webhook-settings.ts'

const Tiding = z.looseObject({ id: z.string(), event: z.enum(webhookEvents) })

/** How many events are in hand at a time; more than may wait for one receiver, so that none holds up the others. */
const PREFETCH = 1000
/** How long what is being sent may take when the server closes, in milliseconds. */
const DRAIN = 2000

/** Webhooks that are being served. */
export interface RunningWebhooks {
  close(): Promise<void>
}

/** Takes events from the queue and sends them. */
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
      const tiding = Tiding.safeParse(body)
      if (!tiding.success)
        return log.warn({ body: typeof body }, 'What came on the queue of webhooks is no event')
      await Promise.all(hooks.map((hook) => hook.deliver(tiding.data)))
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
