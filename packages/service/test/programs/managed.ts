/** A service in several processes with methods that make it fail. */
import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { CommissaireService, type Message, ServiceManager, type ServiceOptions } from '@commissaire/service'

const environment = process.env

export class Fragile extends CommissaireService {
  override async start(): Promise<void> {
    const { FAIL_START } = environment
    if (FAIL_START !== undefined && existsSync(FAIL_START)) throw new Error('this service cannot start')
    if (environment['SLOW_START'] !== undefined) {
      this.log.info({}, 'slow to start')
      await sleep(Number(environment['SLOW_START']))
    }
    await super.start()
  }

  on_pid(): number {
    return process.pid
  }

  on_where(message: Message): object {
    return { pid: process.pid, redelivered: message.redelivered }
  }

  /** Takes some milliseconds. It appends a character to the file `mark` when it begins. */
  async on_slow(_message: Message, milliseconds: number, mark = ''): Promise<number> {
    if (mark !== '') appendFileSync(mark, '.')
    await sleep(milliseconds)
    return process.pid
  }

  /** Holds its message until this process is killed or drained. It writes its process id to the file `mark`. */
  async on_hold(message: Message, mark: string): Promise<object> {
    if (message.redelivered) return { pid: process.pid, redelivered: true }
    writeFileSync(mark, String(process.pid))
    await new Promise((resolve) => message.signal.addEventListener('abort', resolve))
    return { pid: process.pid, redelivered: false }
  }

  on_throw_later(): string {
    setTimeout(() => {
      throw new RangeError('thrown where nobody can catch it')
    }, 1)
    return 'soon'
  }

  on_reject(): string {
    void Promise.reject(new TypeError('an unhandled rejection'))
    return 'fine'
  }
}

const options: ServiceOptions = {
  connectionUrl: environment['BUS'] ?? '',
  queues: [{ name: 'fragile', routingKey: 'fragile.*' }],
  visibility: 1_500,
  drainTimeout: 5_000,
  ...(environment['HEALTH'] !== undefined && { healthListen: environment['HEALTH'] }),
}
const restart = { firstDelay: 200, stableAfter: Number(environment['STABLE_AFTER'] ?? 10_000) }
await new ServiceManager({
  ...options,
  serviceClass: Fragile,
  processCount: Number(environment['PROCESSES'] ?? 3),
  restart,
}).run()
