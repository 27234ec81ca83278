/**
 * The only package source of the hosts: a folder on this machine that every host sees, with one package in it.
 *
 * Hosts start with version 1 of `commissaire-lab-probe`; when a newer one is published, `apt-get dist-upgrade` on a
 * host really fetches, unpacks and configures it.
 */
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../command.ts'

/** The package that hosts have in version 1 and that can be published in others. */
export const probePackage = 'commissaire-lab-probe'

/** Where a host sees the repository. */
export const repositoryInHost = '/srv/commissaire-lab-repository'

/** What `sources.list` of every host says. */
export const sourcesList = `deb [trusted=yes] file:${repositoryInHost} ./\n`

/** One version of the package, and how its installation goes. */
export interface Publication {
  readonly version: string
  /** Says that the host must reboot, in the way of Debian: `/run/reboot-required`. */
  readonly rebootRequired?: boolean
  /** The installation fails and leaves the package half configured. */
  readonly fails?: boolean
  /** The installation takes this many seconds. */
  readonly seconds?: number
}

/** A package with its files. */
export interface PackageParts {
  readonly name: string
  readonly version: string
  readonly description: string
  /** Texts by their path; what is to be run is in a folder called `bin` or `sbin`. */
  readonly files: Readonly<Record<string, string>>
  /** What its installation runs at its end. */
  readonly postinst: string
}

/** Adds a version to the repository; hosts see it at their next `apt-get update`. Returns the package file. */
export function publish(repository: string, publication: Publication): Promise<string> {
  const { version } = publication
  return addPackage(repository, {
    name: probePackage,
    version,
    description: 'shows which version of it a host has',
    files: { [`usr/bin/${probePackage}`]: `#!/bin/sh\necho ${version}\n` },
    postinst: postinst(publication),
  })
}

/** Adds any package to the repository. Returns its file. */
export async function addPackage(repository: string, parts: PackageParts): Promise<string> {
  await mkdir(repository, { recursive: true })
  const file = join(repository, `${parts.name}_${parts.version}_all.deb`)
  await buildPackage(file, parts)
  await writeIndex(repository)
  return file
}

/** The versions on offer, in the order of their file names. */
export async function published(repository: string): Promise<string[]> {
  if (!existsSync(repository)) return []
  const files = await readdir(repository)
  return files.flatMap((file) => /_(.+)_all\.deb$/.exec(file)?.[1] ?? []).sort()
}

async function buildPackage(file: string, parts: PackageParts): Promise<void> {
  const tree = await mkdtemp(join(tmpdir(), 'commissaire-lab-package-'))
  try {
    await chmod(tree, 0o755)
    for (const [path, text] of Object.entries(contents(parts))) {
      await mkdir(join(tree, path, '..'), { recursive: true })
      await writeFile(join(tree, path), text, { mode: isRun.test(path) ? 0o755 : 0o644 })
    }
    await run('dpkg-deb', ['--root-owner-group', '-Znone', '--build', tree, `${file}.new`])
    await rename(`${file}.new`, file)
  } finally {
    await rm(tree, { recursive: true })
  }
}

const isRun = /(^|\/)s?bin\/|^DEBIAN\/postinst$/

function contents({ name, version, description, files, postinst }: PackageParts): Record<string, string> {
  const control = `Package: ${name}
Version: ${version}
Architecture: all
Maintainer: Commissaire lab <lab@example.invalid>
Description: ${description}
`
  return { ...files, 'DEBIAN/control': control, 'DEBIAN/postinst': postinst }
}

function postinst(publication: Publication): string {
  const lines = ['#!/bin/sh', 'set -e']
  if (publication.seconds) lines.push(`sleep ${publication.seconds}`)
  if (publication.fails) lines.push('echo "the lab wants this installation to fail" >&2', 'exit 1')
  if (publication.rebootRequired)
    lines.push('touch /run/reboot-required', `echo ${probePackage} >> /run/reboot-required.pkgs`)
  return `${lines.join('\n')}\n`
}

/** apt trusts the time of the index to the second, so each index is at least one second younger than the last. */
async function writeIndex(repository: string): Promise<void> {
  const packages = await run('sh', ['-c', 'cd "$1" && dpkg-scanpackages --multiversion .', 'sh', repository])
  const index = join(repository, 'Packages')
  const versions = await published(repository)
  await writeFile(`${index}.new`, packages)
  const time = Math.floor(Date.now() / 1000) + versions.length
  await utimes(`${index}.new`, time, time)
  await rename(`${index}.new`, index)
}
