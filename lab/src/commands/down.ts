/** `down`: takes a lab away by its record. Says so when there is none, and that is no failure. */
import { networkOf } from '../plan.ts'
import { checkRequirements } from '../requirements.ts'
import { defaultDir, labFolder, readState, recordedLabs } from '../state.ts'
import { takeAllDown } from '../take-down.ts'
import type { Command, CommandOptions } from './command.ts'
import type { LabState } from '../state.ts'

/** Takes the lab, or with --all every lab, away. */
export const down: Command = {
  usage: 'down [--all]',
  about: 'take the lab away, and all it made on this machine',
  async run(_words, options) {
    checkRequirements()
    const states = await statesMeant(options)
    await takeAllDown(options.dir ?? defaultDir, states)
    const gone = states.map(
      ({ network, hosts }) =>
        `The lab on ${network}.0/24 with ${hosts.length} ${hosts.length === 1 ? 'host' : 'hosts'} is gone.\n`,
    )
    process.stdout.write(gone.join('') || 'No lab is up; nothing to take away.\n')
  },
}

async function statesMeant(options: CommandOptions): Promise<LabState[]> {
  const dir = options.dir ?? defaultDir
  if (options.all) return recordedLabs(dir)
  const state = readState(labFolder(dir, networkOf(options.subnet)))
  return state ? [state] : []
}
