/**
 * A service with several methods: it adds, echoes, and fails on demand.
 *
 *     npm run -s example -- simple-service --bus-uri redis://127.0.0.1:6379/ --processes 3
 */
import { z } from 'zod'
import {
  CommissaireService,
  connectionOf,
  defineProgram,
  type Message,
  run,
  serviceSettings,
} from '@commissaire/service'

/** Thrown by a method that is not implemented. */
export class NotImplementedError extends Error {}

/** Exposes `add`, `wordy_add`, `ping`, `echo` and `fail` on the bus. */
export class SimpleService extends CommissaireService {
  /** Exposed as `add`. Adds two numbers. */
  on_add(_message: Message, x: number, y: number): number {
    return x + y
  }

  /** Exposed as `wordy_add`. Calls `simple.add` over the bus and returns a sentence. */
  async on_wordy_add(_message: Message, x: number, y: number): Promise<string> {
    const sum = await this.request<number>('simple.add', [x, y])
    return `Adding ${x} plus ${y} results in ${sum}`
  }

  /** Exposed as `ping`. Takes no bus arguments. */
  override on_ping(_message: Message): string {
    return 'pong'
  }

  /** Exposed as `echo`. Takes one bus argument of words. */
  on_echo(_message: Message, words: unknown): unknown {
    return words
  }

  /** Exposed as `fail`. Takes no bus arguments. */
  on_fail(_message: Message): never {
    throw new NotImplementedError('I was never created')
  }
}

const program = defineProgram({
  name: 'simple-service',
  description: 'Adds, echoes, and fails on demand.',
  version: '1.0.0',
  schema: z.object(serviceSettings),
  examples: ['simple-service --bus-uri redis://127.0.0.1:6379/ --processes 3'],
  run: ({ processes, ...settings }, { log }) => {
    const queues = [{ name: 'simple', routingKey: 'simple.*' }]
    return run(SimpleService, { ...connectionOf(settings), queues, processes, log })
  },
})

if (process.argv[1] === import.meta.filename) await program.main()
