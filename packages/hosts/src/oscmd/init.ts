/** Commands that depend on the init system and not on the package manager: services and reboots. */
import { HostError } from '../errors.ts'
import type { Facts } from '../facts/facts.ts'
import { quote } from '../command/quote.ts'
import type { OsCommand, RebootRequest } from './commands.ts'
import { minute } from './commands.ts'
import { byStatus } from './outcome.ts'

/** The part of OsCommands that every family takes from its init system. */
export interface InitCommands {
  enable(service: string): OsCommand
  reboot(request?: RebootRequest): OsCommand
}

/** The commands of the init system that runs on the host. */
export function initCommands(facts: Facts): InitCommands {
  return facts.systemd ? systemd : facts.managers.includes('apk') ? openrc : sysv
}

const command = (run: string): OsCommand => ({ run, timeout: 2 * minute, read: byStatus() })

/** Leaves `run` running on its own, two seconds from now. The pause lets the answer of this command get out. */
function detached(run: string): string {
  return `(nohup sh -c ${quote(`sleep 2; ${run}`)} >/dev/null 2>&1 </dev/null &)`
}

const systemdReboots = {
  hard: 'systemctl reboot',
  forced: 'systemctl reboot -i',
  soft: 'systemctl soft-reboot',
} as const satisfies Record<NonNullable<RebootRequest['kind']>, string>

const systemd: InitCommands = {
  enable: (service) => command(`systemctl enable --now ${quote(service)}`),
  reboot({ kind = 'hard' } = {}) {
    const run = systemdReboots[kind]
    // A timer outlives our session. Its default accuracy is a minute, hence the property.
    const timer = `systemd-run --quiet --on-active=2 --timer-property=AccuracySec=100ms ${run}`
    return command(`${timer} 2>/dev/null || ${detached(run)}`)
  },
}

const openrc: InitCommands = {
  enable: (service) =>
    command(`rc-update add ${quote(service)} default && rc-service --ifnotstarted ${quote(service)} start`),
  reboot: (request) => command(detached(hardOnly(request))),
}

const sysv: InitCommands = {
  enable: (service) => command(`service ${quote(service)} start`),
  reboot: (request) => command(detached(hardOnly(request))),
}

function hardOnly({ kind = 'hard' }: RebootRequest = {}): string {
  if (kind === 'soft')
    throw new HostError('not_supported', 'A soft reboot needs systemd', { remedy: 'Ask for a hard one' })
  return 'reboot'
}
