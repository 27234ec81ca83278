import { CommissaireService, type Message, run } from '@commissaire/service'

/** Greets the caller. */
export class Greeter extends CommissaireService {
  /** Exposed on the bus as `greeter.hello`. */
  on_hello(_message: Message, name: string): string {
    return `Hello, ${name}`
  }
}

await run(Greeter, { queues: [{ routingKey: 'greeter.*' }] })
