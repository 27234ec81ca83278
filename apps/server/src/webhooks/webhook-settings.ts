/** The configuration of webhooks: where to send which events, and the secret that signs them. */
import { z } from 'zod'

/** The events that webhooks can receive. */
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

/** The name of an event. */
export type WebhookEvent = (typeof webhookEvents)[number]

/** The settings of one webhook. */
export const WebhookSettings = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .describe('the URL that receives the events as POST requests'),
  secret: z
    .string()
    .min(16, { error: 'must have at least 16 characters; "secret_file" names a file that holds it' })
    .describe('the key that signs the events; `secret_file` names a file that contains it'),
  events: z
    .array(z.enum(webhookEvents))
    .min(1)
    .default([...webhookEvents])
    .describe('the events to send; default all'),
})
export type WebhookSettings = z.output<typeof WebhookSettings>
