/** Checks a host before its system is changed, so that it fails unchanged and with the reason. */
import { HostError } from '../errors.ts'
import type { Facts } from '../facts/facts.ts'
import { noSudo } from '../command/sudo.ts'

/** Kilobytes. A full /boot is the classic way in which an upgrade breaks a host. */
export const leastSpace: Readonly<Record<string, number>> = { '/boot': 50_000, '/': 200_000, '/var': 200_000 }

/** Throws when we may not change the host, another program drives its updates, or there is no room. */
export function checkReady(facts: Facts): void {
  const { address, privilege, user } = facts
  if (privilege.level === 'none') throw noSudo(address, user, privilege.reason ?? 'refused')
  checkDrivers(facts)
  checkSpace(facts)
}

function checkDrivers({ address, drivers, family }: Facts): void {
  if (family !== 'rpm-ostree' || !drivers.includes('zincati')) return
  throw new HostError('driven_elsewhere', `${address}: zincati drives the updates of this host`, {
    address,
    remedy: 'On the host, run "systemctl disable --now zincati.service", or leave its updates to zincati',
  })
}

function checkSpace({ address, fileSystems }: Facts): void {
  for (const { mount, available } of fileSystems) {
    const least = leastSpace[mount] ?? 0
    if (available >= least) continue
    throw new HostError('no_space', `${address}: ${mount} has ${available} kB left, less than ${least} kB`, {
      address,
      remedy: `Make room on ${mount} first; an upgrade that runs out of it leaves a broken system`,
    })
  }
}
