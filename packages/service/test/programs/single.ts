/** A service in one process. */
import { setTimeout as sleep } from 'node:timers/promises'
import { CommissaireService, type Message, run } from '@commissaire/service'

class Single extends CommissaireService {
  async on_slow(_message: Message, milliseconds: number): Promise<string> {
    this.log.info({}, 'slow has begun')
    await sleep(milliseconds)
    return 'slow is done'
  }

  on_reject(): string {
    void Promise.reject(new TypeError('an unhandled rejection'))
    return 'fine'
  }
}

await run(Single, { queues: [{ routingKey: 'single.*' }] })
