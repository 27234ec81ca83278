/** A service that has little time to close. */
import { setTimeout as sleep } from 'node:timers/promises'
import { CommissaireService, defineProgram, type Message, connectionOf, run } from '@commissaire/service'
import { z } from 'zod'

class Closing extends CommissaireService {
  async on_slow(_message: Message, milliseconds: number): Promise<string> {
    this.log.info({}, 'slow has begun')
    await sleep(milliseconds)
    return 'slow is done'
  }
}

await defineProgram({
  name: 'closing',
  description: 'Has a second to close.',
  version: '1.0.0',
  schema: z.object({}),
  run: (settings, { log }) =>
    run(Closing, {
      ...connectionOf(settings),
      log,
      drainTimeout: 1_000,
      queues: [{ name: 'closing', routingKey: 'closing.*' }],
    }),
}).main()
