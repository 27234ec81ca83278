/** `publish 2`: offers the hosts a newer package. */
import { Lab } from '../lab.ts'
import { probePackage } from '../image/repository.ts'
import { type Command, labMeant } from './command.ts'

/** Adds a version of the probe package to the repository of the hosts. */
export const publish: Command = {
  usage: 'publish 2 [--reboot-required|--fails]',
  about: 'offer the hosts a newer package',
  async run([version = '2'], options) {
    const lab = await Lab.open(labMeant(options))
    await lab.publish({ version, rebootRequired: options['reboot-required'], fails: options.fails })
    process.stdout.write(`${probePackage} ${version} is there; "apt-get update" on a host finds it.\n`)
  },
}
