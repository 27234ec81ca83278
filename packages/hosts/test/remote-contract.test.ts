import { afterAll, beforeAll, describe, test } from 'vitest'
import { connect, type Remote, RemotePool } from '../src/index.ts'
import { FakeHost, LocalSshd, remoteContract } from '../src/testing.ts'
import { hasSshd } from './sshd.ts'

describe.runIf(hasSshd)('over a real sshd', () => {
  let sshd: LocalSshd
  const pool = new RemotePool()
  beforeAll(async () => void (sshd = await LocalSshd.start()))
  afterAll(async () => {
    await pool.close()
    await sshd.close()
  })
  const ways: Record<string, () => Promise<Remote>> = {
    'a connection of its own': () => connect(sshd.target()),
    'a kept connection': () => pool.connect(sshd.target()),
  }
  for (const [way, open] of Object.entries(ways)) {
    for (const [name, check] of Object.entries(remoteContract)) test(`${way}: ${name}`, () => check(open))
  }
})

describe('over a scripted host that runs commands here', () => {
  let host: FakeHost
  beforeAll(async () => void (host = await FakeHost.start({ runs: 'locally' })))
  afterAll(() => host.close())
  // It buffers output until the end, so that lines do not come while a command runs.
  const { 'lines are handed out while the command runs': _live, ...checks } = remoteContract
  for (const [name, check] of Object.entries(checks)) test(name, () => check(() => connect(host.target())))
})
