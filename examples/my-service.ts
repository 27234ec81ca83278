/**
 * The service at the beginning of the guide: three methods, in three processes.
 *
 *     COMMISSAIRE_BUS_URI=redis://127.0.0.1:6379/ npm run -s example -- my-service
 */
import { CommissaireService, type Message, ServiceManager } from '@commissaire/service'

/** This is MyService. */
export class MyService extends CommissaireService {
  /** Exposed as `ping`. Takes no bus arguments. */
  override on_ping(_message: Message): string {
    return 'pong'
  }

  /** Exposed as `echo`. Takes one bus argument of words. */
  on_echo(_message: Message, words: string): string {
    return words
  }

  /** Exposed as `fail`. Takes no bus arguments. */
  on_fail(_message: Message): never {
    throw new Error('I was never created')
  }
}

const options = {
  exchangeName: 'my_exchange',
  connectionUrl: process.env['COMMISSAIRE_BUS_URI'] ?? 'redis://127.0.0.1:6379/',
  queues: [{ name: 'my_queue', routingKey: 'queues.my_queue.*' }],
}

if (process.argv[1] === import.meta.filename) {
  await new ServiceManager({ serviceClass: MyService, processCount: 3, ...options }).run()
}
