import { execFileSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, gatherFacts, sudoersLine, upgradeHost } from '../src/index.ts'
import { LocalSshd } from '../src/testing.ts'
import { hasSshd } from './sshd.ts'

const hasTools = existsSync('/usr/bin/sudo') && existsSync('/usr/sbin/useradd')
if (!hasTools && process.env['CI']) throw new Error('The tests of sudo need: apt-get install sudo passwd')
if (!hasTools) console.warn('SKIPPED: the tests of sudo: apt-get install sudo passwd')

describe.runIf(hasSshd && hasTools)('as a user who is not root', () => {
  const user = `cms${process.pid}`
  const sudoers = `/etc/sudoers.d/commissaire-test-${process.pid}`
  let sshd: LocalSshd
  beforeAll(async () => {
    execFileSync('useradd', ['--create-home', '--shell', '/bin/sh', '--password', '*', user])
    sshd = await LocalSshd.start()
  })
  afterAll(async () => {
    await sshd.close()
    rmSync(sudoers, { force: true })
    execFileSync('sh', [
      '-c',
      `pkill -KILL -u ${user}; userdel --force --remove ${user} 2>/dev/null || ! id ${user}`,
    ])
  })
  const allow = (): void => writeFileSync(sudoers, `${sudoersLine(user)}\n`, { mode: 0o440 })
  const forbid = (): void => rmSync(sudoers, { force: true })

  test('without sudo a command as root fails, with the line that is missing', async () => {
    forbid()
    await using remote = await connect(sshd.target({ user }))
    await expect(remote.run('id -u', { sudo: true })).rejects.toMatchObject({
      code: 'no_sudo',
      message: expect.stringContaining(`"${user} ALL=(ALL) NOPASSWD: ALL"`) as string,
    })
    const facts = await gatherFacts(remote)
    expect([facts.privilege.level, facts.user]).toEqual(['none', user])
    await expect(upgradeHost(remote, facts)).rejects.toMatchObject({ code: 'no_sudo' })
  })

  test('with it the command runs as root, its pipes and redirections too', async () => {
    allow()
    await using remote = await connect(sshd.target({ user }))
    const { stdout } = await remote.run(`id -u | cat; echo "it's" && cat`, { sudo: true, input: 'input\n' })
    expect(stdout).toBe("0\nit's\ninput\n")
    expect((await gatherFacts(remote)).privilege.level).toBe('sudo')
  })

  test('a command that fails by itself is not taken for a refusal', async () => {
    allow()
    await using remote = await connect(sshd.target({ user }))
    expect((await remote.run('echo no >&2; exit 1', { sudo: true })).code).toBe(1)
  })

  test('a command that was given up is killed on the host', async () => {
    await using remote = await connect(sshd.target({ user }))
    await expect(remote.run('sleep 4242', { timeout: 200 })).rejects.toMatchObject({ code: 'timeout' })
    await expect.poll(() => running('sleep 4242'), { timeout: 10_000 }).toBe(false)
  })
})

describe.runIf(hasSshd)('as root', () => {
  test('a command that took too long is killed on the host', async () => {
    await using sshd = await LocalSshd.start()
    await using remote = await connect(sshd.target())
    await expect(remote.run('sleep 4343; true', { timeout: 200 })).rejects.toMatchObject({ code: 'timeout' })
    await expect.poll(() => running('sleep 4343'), { timeout: 10_000 }).toBe(false)
  })
})

function running(command: string): boolean {
  const all = execFileSync('sh', ['-c', 'cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" " "; true'], {
    encoding: 'utf8',
  })
  return all.includes(command)
}
