/**
 * Where a system's own repositories lack what is to be installed: the step that adds the one that has it.
 *
 * Written after the manuals of Docker, Red Hat, SUSE and Alpine.
 */
import type { Facts } from '../facts/facts.ts'
import { minute, type OsCommand } from '../oscmd/commands.ts'
import { byStatus } from '../oscmd/outcome.ts'
import { writing } from './file.ts'
import { hasProgram, type Software } from './packages.ts'
import { checkedBy, notHere, type Step } from './step.ts'

interface Repository {
  readonly label: string
  /** A shell's test for its being there. */
  readonly isThere: string
  readonly add: OsCommand
}

const command = (run: string): OsCommand => ({ run, timeout: 5 * minute, read: byStatus() })

/** The step after which the software can be installed. */
export function repositoryFor(facts: Facts, software: Software): Step {
  const name = `a repository has ${software}`
  const repository = missingRepository(facts, software)
  if (!repository) return notHere(name, `nothing has to be added for it on ${facts.os.name}`)
  return {
    name,
    check: checkedBy(`${hasProgram(software)} || ${repository.isThere}`, `${repository.label} is not there`),
    action: repository.add,
    does: `adds ${repository.label}`,
  }
}

function missingRepository(facts: Facts, software: Software): Repository | undefined {
  const { family, os } = facts
  if (software === 'flannel') return undefined
  if (family === 'dnf' || (family === 'yum' && software === 'containerd')) return dockersOwn(os.id)
  if (family === 'yum' && (os.id === 'rhel' || os.id === 'redhat')) return extras
  if (family === 'apk') return community
  return family === 'zypper' && os.id === 'sles' ? containersModule(os.version) : undefined
}

/** Red Hat's later releases have no Docker, nor containerd by itself. */
function dockersOwn(id: string): Repository {
  const tree = `https://download.docker.com/linux/${id === 'rhel' ? 'rhel' : 'centos'}`
  const content = `[docker-ce-stable]
name=Docker CE Stable - $basearch
baseurl=${tree}/$releasever/$basearch/stable
enabled=1
gpgcheck=1
gpgkey=${tree}/gpg
`
  return {
    label: "Docker's repository",
    isThere: 'grep -qs download.docker.com /etc/yum.repos.d/*.repo',
    add: writing({ path: '/etc/yum.repos.d/docker-ce.repo', content }),
  }
}

const extras: Repository = {
  label: 'the repositories "extras" and "optional" of RHEL 7',
  isThere: 'subscription-manager repos --list-enabled | grep -q rhel-7-server-extras-rpms',
  add: command(
    'subscription-manager repos --enable=rhel-7-server-extras-rpms --enable=rhel-7-server-optional-rpms',
  ),
}

const community: Repository = {
  label: 'the repository "community" of Alpine',
  isThere: "grep -Eqs '^[^#]*/community' /etc/apk/repositories",
  add: command(
    "sed -n 's,^\\([^#].*\\)/main/*$,\\1/community,p' /etc/apk/repositories >>/etc/apk/repositories && apk update -q",
  ),
}

function containersModule(version = ''): Repository {
  return {
    label: "SUSE's module for containers",
    isThere: 'zypper -n repos | grep -qi Module-Containers',
    add: command(`SUSEConnect -p "sle-module-containers/${version}/$(uname -m)"`),
  }
}
