/** `list`: the hosts of every lab on this machine, and what each is doing. */
import { Lab } from '../lab.ts'
import { defaultDir, isAbandoned, recordedLabs } from '../state.ts'
import { type Command, table } from './command.ts'

/** Prints every lab. */
export const list: Command = {
  usage: 'list',
  about: 'show all labs on this machine and what their hosts do',
  async run(_words, options) {
    const dir = options.dir ?? defaultDir
    const states = await recordedLabs(dir)
    if (states.length === 0) process.stdout.write('No lab is up. Run: npm run lab -- up 3\n')
    for (const state of states) {
      const lab = await Lab.open({ subnet: `${state.network}.0/24`, dir })
      const note = isAbandoned(state) ? ', abandoned: the next "up" or "down --all" clears it' : ''
      process.stdout.write(
        `Lab ${lab.subnet} in ${lab.folder}${note}\nKey ${lab.privateKeyPath}\n\n${hostTable(lab)}\n`,
      )
    }
  },
}

/** The hosts of a lab as a table. */
export function hostTable(lab: Lab): string {
  const rows = lab.hosts.map((host) => [
    host.name,
    host.address,
    host.family ? `${host.family} (stand-in)` : 'debian',
    host.condition,
    `${host.boots}`,
  ])
  return table([['NAME', 'ADDRESS', 'FAMILY', 'STATE', 'BOOTS'], ...rows])
}
