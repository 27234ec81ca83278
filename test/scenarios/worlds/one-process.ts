/** The world in one process: the program `commissaire`, with the bus in its memory and sqlite beside it. */
import { freePort } from '@commissaire/testing'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Fleet } from './fleet.ts'
import { ask, authentication } from '../operator.ts'
import { Program } from './program.ts'
import { pace } from './pace.ts'
import type { World } from './world.ts'

/** Starts it. */
export async function oneProcess({
  settleTime = pace.settleTime,
}: { settleTime?: number } = {}): Promise<World> {
  await using opened = new AsyncDisposableStack()
  const folder = opened.adopt(mkdtempSync(join(tmpdir(), 'commissaire-scenarios-')), (path) =>
    rmSync(path, { recursive: true, force: true }),
  )
  const hosts = opened.use(await Fleet.open())
  const port = await freePort()
  const file = join(folder, 'commissaire.conf')
  writeFileSync(file, JSON.stringify(settings(folder, { port, sshPort: hosts.port, settleTime })))
  const program = opened.use(
    new Program('apps/commissaire/bin/commissaire.js', ['-c', file], { readyWord: 'is ready' }),
  )
  await program.start()
  const all = opened.move()
  return {
    parts: ['commissaire'],
    hosts,
    bus: undefined,
    api: (method, path, body) => ask(port, { method, path, body }),
    async restart() {
      await program.kill()
      await program.start()
    },
    log: () => program.log,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

function settings(
  folder: string,
  { port, sshPort, settleTime }: { port: number; sshPort: number; settleTime: number },
): object {
  return {
    data: folder,
    listen_port: port,
    authentication_plugins: [authentication],
    ssh_port: sshPort,
    return_timeout: pace.returnTimeout,
    settle_time: settleTime,
    lease: pace.lease,
    watch_interval: pace.watchInterval,
    stuck_after: pace.stuckAfter,
  }
}
