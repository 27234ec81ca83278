import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  awaitReboot,
  type BootRecord,
  HostError,
  issueReboot,
  rebootHost,
  type RebootOptions,
  RemotePool,
} from '../src/index.ts'
import { FakeHost, type RebootBehaviour, type RebootPhase } from '../src/testing.ts'

const quick: RebootOptions = {
  downWithin: 2000,
  returnWithin: 4000,
  settleWithin: 4000,
  settleTime: 200,
  interval: 20,
}
let host: FakeHost
let pool: RemotePool
beforeEach(async () => {
  host = await FakeHost.start()
  pool = new RemotePool({ connectTimeout: 5000 })
})
afterEach(async () => {
  await pool.close()
  await host.close()
})

const moments = new Map<RebootPhase, () => void>()
beforeEach(() => {
  moments.clear()
  host.onPhase = (phase) => moments.get(phase)?.()
})

/** Does something at a moment of the host's reboot. */
function when(phase: RebootPhase, action: () => unknown): void {
  moments.set(phase, () => void action())
}

async function failure(options: RebootOptions = {}): Promise<HostError> {
  const outcome = await rebootHost(pool, host.target(), { ...quick, ...options }).catch(
    (error: unknown) => error,
  )
  if (outcome instanceof HostError) return outcome
  throw new Error(`expected a HostError, got ${JSON.stringify(outcome)}`)
}

test('a reboot is proven by another boot id and the same host key', async () => {
  const before = host.bootId
  const proof = await rebootHost(pool, host.target(), quick)
  expect([proof.before, proof.after, proof.kind]).toEqual([before, host.bootId, 'hard'])
  expect(proof.after).not.toBe(before)
  expect(proof.facts.hostKey).toBe(host.hostKey)
  expect(host.commands.filter((command) => command.includes('systemctl reboot'))).toHaveLength(1)
})

test('the mark is taken before anything happens to the host', async () => {
  const seen: { mark: BootRecord; commands: number }[] = []
  await rebootHost(pool, host.target(), {
    ...quick,
    onRecord: (mark) => void seen.push({ mark, commands: host.commands.length }),
  })
  expect(seen).toHaveLength(1)
  expect([seen[0]?.commands, seen[0]?.mark.hostKey]).toEqual([0, host.hostKey])
})

test('a controller that was restarted goes on from the mark', async () => {
  const mark = await issueReboot(pool, host.target(), quick)
  const stored = JSON.parse(JSON.stringify(mark)) as BootRecord
  await using later = new RemotePool({ connectTimeout: 5000 })
  const proof = await awaitReboot(later, host.target(), { ...quick, mark: stored })
  expect([proof.before, proof.after]).toEqual([mark.bootId, host.bootId])
})

test('an unchanged boot id means that the host is still going down', async () => {
  host.goingDown = 1500
  const proof = await rebootHost(pool, host.target(), quick)
  expect(proof.after).toBe(host.bootId)
  expect(host.connections).toBeGreaterThan(3)
})

const endings: [RebootBehaviour, string][] = [
  ['ignores', 'did_not_reboot'],
  ['returns_with_same_boot_id', 'did_not_reboot'],
  ['never_returns', 'did_not_return'],
  ['returns_with_other_host_key', 'identity_changed'],
  ['reboots_twice', 'rebooted_again'],
]
test.each(endings)('a host that %s ends as %s', async (behaviour, code) => {
  host.onReboot = behaviour
  const error = await failure()
  expect([error.code, error.address]).toEqual([code, host.address])
})

describe('what the anchors get wrong', () => {
  test('an error text in place of the boot id is not another boot', async () => {
    host.onReboot = 'ignores'
    when('told', () => (host.failure = 'garbles_boot_id'))
    const error = await failure({ returnWithin: 1000 })
    expect(error.code).toBe('did_not_return')
    expect(error.message).toContain('no UUID')
  })

  test('an answer that is cut short is not another boot', async () => {
    host.onReboot = 'ignores'
    when('told', () => (host.failure = 'truncates'))
    expect((await failure({ returnWithin: 1000 })).code).toBe('did_not_return')
  })

  test('a login refused during the shutdown is no authentication failure', async () => {
    host.goingDown = 300
    when('told', () => (host.failure = 'refuses_login'))
    when('up', () => (host.failure = undefined))
    expect((await rebootHost(pool, host.target(), quick)).after).toBe(host.bootId)
  })

  test('a login that is still refused at the deadline is one', async () => {
    when('told', () => (host.failure = 'refuses_login'))
    expect((await failure({ returnWithin: 1000 })).code).toBe('auth_failed')
  })

  test('the connections of before the reboot are not used after it', async () => {
    const remote = await pool.connect(host.target())
    await issueReboot(pool, host.target(), quick)
    await expect(remote.run('true')).rejects.toMatchObject({ code: 'connection_lost' })
  })
})

test('the host settles only when systemd says that it runs', async () => {
  let startedAt = Infinity
  when('down', () => (host.systemdState = 'starting'))
  when('up', () =>
    setTimeout(() => {
      host.systemdState = 'running'
      startedAt = Date.now()
    }, 300),
  )
  await rebootHost(pool, host.target(), quick)
  expect(Date.now()).toBeGreaterThan(startedAt)
})

test('a unit that fails after the reboot leaves the host unsettled and is named', async () => {
  when('told', () => {
    host.systemdState = 'degraded'
    host.failedUnits = ['database.service']
  })
  const error = await failure({ settleWithin: 600 })
  expect([error.code, error.details['failedUnits']]).toEqual(['unsettled', ['database.service']])
})

test('units that had failed before, or are accepted, do not count', async () => {
  host.systemdState = 'degraded'
  host.failedUnits = ['old.service']
  when('told', () => (host.failedUnits = ['old.service', 'known.service']))
  const proof = await rebootHost(pool, host.target(), { ...quick, acceptedUnits: ['known.service'] })
  expect(proof.after).toBe(host.bootId)
})

test('a soft reboot is proven by the count of systemd, with the same boot id', async () => {
  const proof = await rebootHost(pool, host.target(), { ...quick, kind: 'soft' })
  expect([proof.kind, proof.before]).toEqual(['soft', proof.after])
})

test('a user without sudo cannot reboot, and the host is left alone', async () => {
  host.privilege = 'none: sudo asks for a password'
  const outcome = rebootHost(pool, host.target({ user: 'core' }), quick)
  await expect(outcome).rejects.toMatchObject({
    code: 'no_sudo',
    message: expect.stringContaining('core ALL=(ALL) NOPASSWD: ALL') as string,
  })
  expect(host.commands).toEqual([])
})

test('waiting for a reboot can be given up', async () => {
  host.onReboot = 'never_returns'
  const outcome = rebootHost(pool, host.target(), {
    ...quick,
    returnWithin: 60_000,
    signal: AbortSignal.timeout(300),
  })
  await expect(outcome).rejects.toMatchObject({ code: 'cancelled' })
})
