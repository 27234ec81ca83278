/** The steps that make a host run containers with Docker: its package, its service, a daemon that answers. */
import type { Step } from '../bootstrap.ts'
import type { Facts } from '../facts/facts.ts'
import type { Family } from '../facts/family.ts'
import { oscmd } from '../oscmd/oscmd.ts'

/** What the package with the daemon is called; undefined where it must come with the image. */
const packageOf: Record<Family, string | undefined> = {
  apt: 'docker.io',
  dnf5: 'moby-engine',
  dnf: 'docker-ce',
  yum: 'docker',
  zypper: 'docker',
  'transactional-update': undefined,
  pacman: 'docker',
  apk: 'docker',
  'rpm-ostree': undefined,
  bootc: undefined,
}

/** The steps; none of their actions runs where its check passes already. */
export function dockerSteps(facts: Facts): readonly Step[] {
  const name = facts.family && packageOf[facts.family]
  return [
    {
      name: 'docker is installed',
      check: async (remote, { signal }) => {
        const { code } = await remote.run('command -v dockerd', { sudo: true, ...(signal && { signal }) })
        if (code === 0) return undefined
        return name ? `dockerd is missing` : 'dockerd is missing and must come with the image of this host'
      },
      ...(name && { action: oscmd(facts).install([name]) }),
    },
    {
      name: 'docker runs',
      check: async (remote, { signal }) => {
        const { code, stderr } = await remote.run('docker info >/dev/null', {
          sudo: true,
          timeout: 30_000,
          ...(signal && { signal }),
        })
        return code === 0 ? undefined : `docker does not answer: ${stderr.trim().slice(-200)}`
      },
      ...(facts.family && { action: oscmd(facts).enable('docker') }),
    },
  ]
}
