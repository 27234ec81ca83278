/** The shortest way to run a service: one line for one process, and one word more for several. */
import type { CommissaireService } from '../service/commissaire-service.ts'
import { ServiceManager } from '../manager/service-manager.ts'
import type { ServiceOptions } from '../service/service-options.ts'

/** A service's options and, where it shall run in more than one process, how many. */
export type RunServiceOptions<Options extends ServiceOptions = ServiceOptions> = Options & {
  readonly processes?: number
}

/**
 * Runs a service until SIGTERM or SIGINT.
 * @example await run(Greeter, { queues: [{ routingKey: 'greeter.*' }] })
 */
export async function run<Options extends ServiceOptions = ServiceOptions>(
  serviceClass: new (options: Options) => CommissaireService<Options>,
  options: RunServiceOptions<Options>,
): Promise<void> {
  const { processes = 1 } = options
  if (processes === 1) return new serviceClass(options).run()
  return new ServiceManager<Options>({ ...options, serviceClass, processCount: processes }).run()
}
