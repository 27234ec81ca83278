/** Opens the handlers of a configuration. */
import type { PlacedHandler } from '../configuration/placement.ts'
import type { StoreHandler } from '../handler.ts'
import { HandlerHealth } from './health.ts'

/** An open handler with its models and its health. */
export type OpenHandler = PlacedHandler & { readonly handler: StoreHandler; readonly health: HandlerHealth }

/** Opens all handlers, or none: when one cannot be opened, the others are closed again. */
export async function openHandlers(
  placed: readonly PlacedHandler[],
  dataDir: string,
): Promise<OpenHandler[]> {
  const opened: OpenHandler[] = []
  try {
    for (const each of placed) {
      const handler = await each.kind.open(each.options, { dataDir })
      opened.push({ ...each, handler, health: new HandlerHealth(handler) })
    }
    return opened
  } catch (error) {
    await Promise.all(opened.map(({ handler }) => handler.close()))
    throw error
  }
}
