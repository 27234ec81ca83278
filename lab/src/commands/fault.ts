/** `fault web2 link-down`: breaks something on a host, or mends it. */
import type { LabHost } from '../host/host.ts'
import { Lab } from '../lab.ts'
import { type Command, labMeant } from './command.ts'

type Deed = (host: LabHost, value: number) => Promise<void>

const faults: Readonly<Record<string, Deed>> = {
  'link-down': (host) => host.faults.linkDown(),
  'link-up': (host) => host.faults.linkUp(),
  delay: (host, delayMs) => host.faults.netem({ delayMs }),
  loss: (host, lossPercent) => host.faults.netem({ lossPercent }),
  throttle: (host, kilobits) => host.faults.throttle(kilobits),
  'clear-line': (host) => host.faults.clearLine(),
  'stop-sshd': (host) => host.faults.stopSshd(),
  'continue-sshd': (host) => host.faults.continueSshd(),
  'replace-host-key': (host) => host.faults.replaceHostKey(),
  'restore-host-key': (host) => host.faults.restoreHostKey(),
  'never-return': (host) => host.faults.neverReturn(),
  'return-again': (host) => host.faults.returnAgain(),
  'keep-boot-id': (host) => host.faults.keepBootId(),
  'fresh-boot-id': (host) => host.faults.freshBootId(),
  'fill-disk': (host) => host.faults.fillDisk(),
  'empty-disk': (host) => host.faults.emptyDisk(),
  'power-on': (host) => host.powerOn(),
  'power-off': (host) => host.powerOff(),
  'pull-plug': (host) => host.pullPlug(),
}

/** Does one of the faults, or its undoing, to one host. */
export const fault: Command = {
  usage: 'fault web2 link-down',
  about: 'break or mend something on a host; alone, lists what',
  async run([name, word, value], options) {
    if (!name || !word) throw new TypeError(`Usage: fault HOST FAULT [VALUE], with a fault of: ${known()}`)
    const deed = faults[word]
    if (!deed) throw new TypeError(`There is no fault "${word}"; there are: ${known()}`)
    const lab = await Lab.open(labMeant(options))
    await deed(lab.host(name), Number(value ?? 100))
    process.stdout.write(`${name}: ${word}\n`)
  },
}

function known(): string {
  return Object.keys(faults).join(', ')
}
