/** What the configuration says of webhooks: whom to tell, of what, and with which secret. */
import { z } from 'zod'

/** What webhooks can be told of. */
export const webhookEvents = [
  'operation.started',
  'operation.paused',
  'operation.resumed',
  'operation.failed',
  'operation.finished',
  'operation.cancelled',
  'operation.host_done',
  'operation.host_failed',
] as const

/** One of these. */
export type WebhookEvent = (typeof webhookEvents)[number]

/** One webhook. */
export const WebhookSettings = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .describe('where to send events to, with POST'),
  secret: z
    .string()
    .min(16, { error: 'must have at least 16 characters; "secret_file" names a file that holds it' })
    .describe('what signs them; `secret_file` names a file that holds it'),
  events: z
    .array(z.enum(webhookEvents))
    .min(1)
    .default([...webhookEvents])
    .describe('which events; default all'),
})
export type WebhookSettings = z.output<typeof WebhookSettings>
