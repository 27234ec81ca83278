/** The names of packages by family, and the step that installs one. Image-based hosts get packages with their image. */
import type { Facts } from '../facts/facts.ts'
import type { Family } from '../facts/family.ts'
import { oscmd } from '../oscmd/oscmd.ts'
import { quote } from '../command/quote.ts'
import { checkedBy, type Step } from './step.ts'

/** What can be installed. */
export type Software = 'docker' | 'containerd' | 'flannel'

const program: Record<Software, string> = { docker: 'dockerd', containerd: 'containerd', flannel: 'flanneld' }

/** Undefined where it must come with the image. */
const packageNames: Record<Family, Readonly<Record<Software, string>> | undefined> = {
  apt: { docker: 'docker.io', containerd: 'containerd', flannel: 'flannel' },
  dnf5: { docker: 'moby-engine', containerd: 'containerd', flannel: 'flannel' },
  dnf: { docker: 'docker-ce', containerd: 'containerd.io', flannel: 'flannel' },
  yum: { docker: 'docker', containerd: 'containerd.io', flannel: 'flannel' },
  zypper: { docker: 'docker', containerd: 'containerd', flannel: 'flannel' },
  pacman: { docker: 'docker', containerd: 'containerd', flannel: 'flannel' },
  apk: { docker: 'docker', containerd: 'containerd', flannel: 'flannel' },
  'transactional-update': undefined,
  'rpm-ostree': undefined,
  bootc: undefined,
}

/** A shell's test for the program, also where only root's path or an administrator's folder has it. */
export function hasProgram(software: Software): string {
  return `PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/opt/bin" command -v ${program[software]} >/dev/null`
}

/** The step after which the software is there. What somebody installed by other means is as good. */
export function installed(facts: Facts, software: Software): Step {
  const name = facts.family && packageNames[facts.family]?.[software]
  const missing = `${program[software]} is missing`
  return {
    name: `${software} is installed`,
    check: checkedBy(
      hasProgram(software),
      name ? missing : `${missing}, and must come with the image that this host boots`,
    ),
    ...(name && { action: oscmd(facts).install([name]), does: `installs ${quote(name)}` }),
  }
}
