/** Runs a service in this process, or in several processes with a manager in this one, as its settings say. */
import {
  type CommissaireService,
  notifySystemd,
  ServiceManager,
  type ServiceOptions,
} from '@commissaire/service'

/** Runs until SIGTERM or SIGINT, and tells systemd when it is ready. */
export async function serve<Options extends ServiceOptions>(
  serviceClass: new (options: Options) => CommissaireService<Options>,
  options: Options,
  { processes }: { processes: number },
): Promise<void> {
  if (processes > 1)
    return new ServiceManager<Options>({ ...options, serviceClass, processCount: processes }).run()
  const service = new serviceClass(options)
  return service.run({ onReady: () => void notifySystemd(service.log, 'READY=1', 'Serving requests') })
}
