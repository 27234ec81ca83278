/**
 * The program `commissaire`: the whole system, with nothing else installed. It tells a person where to go next, and
 * everybody else by its log.
 */
import { createLog, defineProgram, notifySystemd, StopRequest } from '@commissaire/service'
import { checkStorage } from '@commissaire/services'
import { type DataFolder, openDataFolder } from './data-folder.ts'
import { ensureFirstUser, recordEndpoint } from './first-user.ts'
import { SystemSettings, systemFlags } from './settings.ts'
import { startSystem } from './system.ts'

/** The program. */
export const program = defineProgram({
  name: 'commissaire',
  description:
    'Runs all of Commissaire in one process: bus, database, the five services and the REST server.',
  version: '0.1.0',
  configFile: '/etc/commissaire/commissaire.conf',
  schema: SystemSettings,
  flags: systemFlags,
  examples: [
    'commissaire',
    'commissaire --data /srv/commissaire --listen-port 8080',
    'commissaire --bus-uri redis://127.0.0.1:6379/   # so that other services can join',
    'commissaire store copy --help',
  ],
  run: async (settings, context) => {
    const { configFile } = context
    await checkStorage(settings, configFile)
    const log = settings.debug || !process.stderr.isTTY ? context.log : quietLog()
    using folder = openDataFolder(settings.data)
    const isNew = ensureFirstUser(folder)
    using stop = new StopRequest()
    await using system = await startSystem(folder, settings, { log, configFile })
    recordEndpoint(folder, system.url)
    process.stdout.write(welcome(system.url, folder, { isNew }))
    await notifySystemd(log, 'READY=1', `Serving on ${system.url}`)
    await stop.asked
  },
})

/** A person at a terminal is told what goes wrong; with `--debug`, or where the log is kept, everything. */
function quietLog() {
  return createLog({ name: 'commissaire', level: 'warn' })
}

function welcome(url: string, { credentials }: DataFolder, { isNew }: { isNew: boolean }): string {
  const made = isNew
    ? `The first user is "admin"; its password is in ${credentials}, which commctl reads by itself.\n`
    : ''
  return `Commissaire is ready on ${url}\n${made}Next: npx commctl cluster create web && npx commctl host create -c web ADDRESS KEYFILE\n`
}
