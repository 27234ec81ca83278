/** Selects the commands of a host's family. */
import { HostError } from '../errors.ts'
import type { Facts } from '../facts/facts.ts'
import type { Family } from '../facts/family.ts'
import { apk } from './apk.ts'
import { apt } from './apt.ts'
import { bootc } from './bootc.ts'
import type { OsCommands } from './commands.ts'
import { dnf, dnf5, yum } from './dnf.ts'
import { type InitCommands, initCommands } from './init.ts'
import { pacman } from './pacman.ts'
import { rpmOstree } from './rpm-ostree.ts'
import { transactionalUpdate } from './transactional-update.ts'
import { zypper } from './zypper.ts'

const byFamily: Record<Family, (init: InitCommands, facts: Facts) => OsCommands> = {
  'transactional-update': transactionalUpdate,
  bootc,
  'rpm-ostree': rpmOstree,
  apt,
  dnf5,
  dnf,
  yum,
  zypper,
  pacman,
  apk,
}

/** The commands of the host's family. Throws `not_supported` for a system that no family of ours understands. */
export function oscmd(facts: Facts): OsCommands {
  if (facts.family) return byFamily[facts.family](initCommands(facts), facts)
  const found = `${facts.address} runs "${facts.os.name}" and has no package manager that we know`
  throw new HostError('not_supported', found, {
    address: facts.address,
    remedy: 'Watch this host only, or tell us how its system is kept up to date',
  })
}
