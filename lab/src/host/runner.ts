/**
 * Starts and stops the runner of a host: the small shell loop (`runner.sh`) around systemd-nspawn.
 *
 * The runner is a process of its own session, so it outlives the command that started it; a shell, because one
 * that costs a megabyte may stand beside every host.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { noteInBootLog } from './boot-log.ts'
import { LabError } from '../errors.ts'
import {
  emptyNamespace,
  initOf,
  isAlive,
  type ProcessMark,
  readMarks,
  signalPid,
  signalTo,
} from './processes.ts'
import { repositoryInHost } from '../image/repository.ts'
import { sharedInHost } from '../image/template.ts'
import type { HostRecord, LabState } from '../state.ts'
import { until } from '../until.ts'

/** Switches a host on: starts its runner and returns; the host boots from here on. */
export async function startRunner(host: HostRecord, state: LabState): Promise<void> {
  if (isRunning(host)) throw new LabError('host_failed', `${host.name} is already switched on.`)
  await rm(marksFile(host), { force: true })
  const script = fileURLToPath(new URL('../../runner.sh', import.meta.url))
  const runner = spawn(
    'sh',
    [script, host.folder, host.cgroups.join(' '), 'systemd-nspawn', ...nspawnArguments(host, state)],
    {
      detached: true,
      stdio: 'ignore',
      cwd: '/',
    },
  )
  await once(runner, 'spawn')
  runner.unref()
  await until(() => existsSync(marksFile(host)), { what: `the runner of ${host.name} has started` })
}

/** Whether a host is switched on, be it booting, up or shutting down. */
export function isRunning(host: HostRecord): boolean {
  return readMarks(marksFile(host)).some(isAlive)
}

/** Pulls the plug: nothing in the host gets to say goodbye. Does nothing to a host that is off. */
export async function killRunner(host: HostRecord): Promise<void> {
  const marks = readMarks(marksFile(host))
  if (marks.some(isAlive)) await noteInBootLog(host, 'ended', 'unplugged')
  const [runner, ...boots] = marks
  if (runner) signalTo(runner, 'SIGKILL')
  const init = await initOf(host.namespace)
  if (init) signalPid(init, 'SIGKILL') // nspawn then tidies up after itself
  await gone(boots).catch(() => boots.forEach((mark) => signalTo(mark, 'SIGKILL')))
  await emptyNamespace(host.namespace)
  await until(() => !marks.some(isAlive), { what: `the runner of ${host.name} is gone` })
}

/** Lets a host shut down in order, and waits until it is off. */
export async function shutDown(host: HostRecord): Promise<void> {
  const nspawn = readMarks(marksFile(host)).at(-1)
  if (nspawn) signalTo(nspawn, 'SIGTERM')
  await until(() => !isRunning(host), { what: `${host.name} has shut down`, timeout: 90_000 })
}

/** The last lines that a host or its nspawn printed, for messages about a boot that went wrong. */
export function consoleTail(host: HostRecord): string {
  const file = join(host.folder, 'console.log')
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-8).join('\n') : ''
}

/** A host that is told never to return stays off after its next reboot. */
export async function setNeverReturn(host: HostRecord, stays: 'off' | 'returns'): Promise<void> {
  const file = join(host.folder, 'never-return')
  await (stays === 'off' ? writeFile(file, '') : rm(file, { force: true }))
}

function nspawnArguments(host: HostRecord, state: LabState): string[] {
  return [
    '--quiet',
    '--boot',
    '--register=no',
    '--keep-unit',
    '--settings=no',
    '--resolv-conf=off',
    '--timezone=off',
    '--link-journal=no',
    '--console=read-only',
    `--machine=${host.namespace}`,
    `--hostname=${host.name}`,
    `--network-namespace-path=/run/netns/${host.namespace}`,
    `--directory=${join(host.folder, 'root')}`,
    `--bind=${join(host.folder, 'shared')}:${sharedInHost}`,
    `--bind-ro=${join(state.folder, 'repository')}:${repositoryInHost}`,
  ]
}

function gone(marks: readonly ProcessMark[]): Promise<true> {
  return until(() => !marks.some(isAlive), { what: 'nspawn has ended', timeout: 5_000 })
}

function marksFile(host: HostRecord): string {
  return join(host.folder, 'pids')
}
