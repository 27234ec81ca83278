/**
 * A service that declares schemas for its arguments: callers may pass them by name, and invalid ones are refused before
 * a method runs.
 *
 *     npm run -s example -- calculator --bus-uri redis://127.0.0.1:6379/
 */
import {
  BusError,
  CommissaireService,
  connectionOf,
  defineProgram,
  type Message,
  run,
  serviceSettings,
} from '@commissaire/service'
import { z } from 'zod'

/** Divides numbers and computes roots. */
export class Calculator extends CommissaireService {
  static override readonly doc = 'Divides numbers and computes roots'
  static override readonly version = '1.0.0'
  static override readonly methods = {
    divide: {
      doc: 'Divides one number by another',
      schema: z.object({ dividend: z.number(), divisor: z.number() }),
      result: z.number(),
    },
    root: {
      doc: 'Computes the root of a number, by default the square root',
      schema: z.object({ of: z.number().nonnegative(), degree: z.int().min(2).default(2) }),
      result: z.number(),
    },
  }

  /** Exposed as `divide`. */
  on_divide(_message: Message, dividend: number, divisor: number): number {
    if (divisor === 0)
      throw new BusError('NotAllowed', 'nothing can be divided by zero', { data: { dividend } })
    return dividend / divisor
  }

  /** Exposed as `root`. */
  on_root(_message: Message, of: number, degree = 2): number {
    return of ** (1 / degree)
  }
}

const program = defineProgram({
  name: 'calculator',
  description: 'Calculates for callers on the bus.',
  version: '1.0.0',
  schema: z.object(serviceSettings),
  examples: ['calculator --bus-uri redis://127.0.0.1:6379/ --processes 3'],
  run: (settings, { log }) => {
    const queues = [{ name: 'calculator', routingKey: 'calculator.*' }]
    return run(Calculator, { ...connectionOf(settings), queues, processes: settings.processes, log })
  },
})

if (process.argv[1] === import.meta.filename) await program.main()
