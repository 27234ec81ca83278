/** Runs a service in one line, in one process or in several. */
import type { CommissaireService } from '../service/commissaire-service.ts'
import { ServiceManager } from '../manager/service-manager.ts'
import type { ServiceOptions } from '../service/service-options.ts'

/** The options of a service, and the number of processes. */
export type RunServiceOptions<Options extends ServiceOptions = ServiceOptions> = Options & {
  /** How many processes run the service; default 1. */
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
