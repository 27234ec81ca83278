/** Hosts that print more than is read of them, over a real sshd: when that ends, what it costs, and what stays behind. */
import { execFileSync } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  connect,
  gatherFacts,
  isHostError,
  preflight,
  type Remote,
  RemotePool,
  readBootStatus,
} from '../src/index.ts'
import { LocalSshd } from '../src/testing.ts'
import { Throttle } from '../src/ssh/run/throttle.ts'
import { hasSshd } from './sshd.ts'
import { factsOf } from './facts-of.ts'

const MiB = 1024 * 1024

/** What each of them prints, whatever it is asked. */
const floods: Record<string, { command: string; stream: 'stdout' | 'stderr' }> = {
  'lines without end': { command: 'yes', stream: 'stdout' },
  'one line without end': { command: 'cat /dev/zero', stream: 'stdout' },
  '50 MB': { command: 'head -c 50000000 /dev/zero', stream: 'stdout' },
  'a byte too much on standard error, and then nothing': {
    command: "sh -c 'head -c 1048577 /dev/zero >&2; exec sleep 5'",
    stream: 'stderr',
  },
}

/** How the question ended, after how long, and by how much this process grew meanwhile. */
async function measured(
  work: () => Promise<unknown>,
): Promise<{ error: unknown; ms: number; grown: number }> {
  const before = process.memoryUsage.rss()
  let most = before
  const sampling = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 5)
  const started = performance.now()
  const error = await work().then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  clearInterval(sampling)
  return { error, ms: performance.now() - started, grown: Math.max(most, process.memoryUsage.rss()) - before }
}

/** Programs on this machine whose command line has this text. */
function running(text: string): string[] {
  const lines = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n')
  return lines.filter((line) => line.includes(text) && !line.startsWith('ps '))
}

async function untilNone(text: string): Promise<void> {
  const deadline = Date.now() + 5000
  while (running(text).length > 0) {
    if (Date.now() > deadline) throw new Error(`still there after 5 s: ${running(text).join('; ')}`)
    await pause(50)
  }
}

for (const [what, { command, stream }] of Object.entries(floods)) {
  describe.runIf(hasSshd)(`a host that prints ${what}`, () => {
    let sshd: LocalSshd
    beforeAll(async () => void (sshd = await LocalSshd.start({ config: [`ForceCommand ${command}`] })))
    afterAll(() => sshd.close())

    test('ends the question for its facts within a second, with that reason and little memory', async () => {
      await using remote = await connect(sshd.target())
      const { error, ms, grown } = await measured(() => gatherFacts(remote))
      expect(error).toMatchObject({ code: 'too_much_output', details: { stream, limit: MiB } })
      expect(String(error)).toMatch(
        /"sh -s" printed more than 1048576 bytes to its standard (output|error)\. Find out/,
      )
      expect(ms).toBeLessThan(1000)
      expect(grown).toBeLessThan(64 * MiB)
    })

    test('ends every other question so, twenty at a time', async () => {
      await using pool = new RemotePool()
      const { error, grown } = await measured(async () => {
        const questions = Array.from({ length: 10 }, async () => {
          await using remote = await pool.connect(sshd.target())
          const asked = [readBootStatus(remote), preflight(remote, factsOf('debian'))]
          return await Promise.allSettled(asked)
        })
        const ends = (await Promise.all(questions)).flat()
        expect(ends.map(codeOf)).toEqual(
          ends.map(() => expect.stringMatching(/^(too_much_output|connection_lost)$/)),
        )
        expect(ends.map(codeOf)).toContain('too_much_output')
      })
      expect(error).toBeUndefined()
      expect(grown).toBeLessThan(160 * MiB)
    })
  })
}

function codeOf(end: PromiseSettledResult<unknown>): string {
  if (end.status === 'fulfilled') return 'none'
  return isHostError(end.reason) ? end.reason.code : String(end.reason)
}

describe.runIf(hasSshd)('a command that prints too much', () => {
  let sshd: LocalSshd
  beforeAll(async () => void (sshd = await LocalSshd.start()))
  afterAll(() => sshd.close())
  const open = (): Promise<Remote> => connect(sshd.target())

  test('is killed with what it runs next, and the connection goes on', async () => {
    await using remote = await open()
    const mark = `flood-${process.pid}-${Date.now()}`
    const nap = `300.${process.pid}`
    const command = `yes ${mark} | cat; sleep ${nap}; : ${mark}`
    await expect(remote.run(command)).rejects.toMatchObject({ code: 'too_much_output' })
    for (const text of [mark, `sleep ${nap}`]) await untilNone(text)
    expect((await remote.run('echo well')).stdout).toBe('well\n')
  })

  test('hands out no line after its end', async () => {
    await using remote = await open()
    const lines: string[] = []
    const onLine = (_stream: string, line: string): void => void lines.push(line)
    await expect(remote.run('yes', { onLine })).rejects.toMatchObject({ code: 'too_much_output' })
    const count = lines.length
    await remote.run('true')
    expect(lines.length).toBe(count)
    expect(count).toBeLessThan(2 * MiB)
  })

  test('goes on where the caller wants the rest dropped, in little memory', async () => {
    await using remote = await open()
    let bytes = 0
    const { error, grown } = await measured(async () => {
      const result = await remote.run("yes $(printf '%0999d' 0) | head -c 8000000", {
        overflow: 'drop',
        onLine: (_stream, line) => (bytes += line.length + 1),
      })
      expect([result.code, result.truncated, result.stdout.length]).toEqual([0, true, MiB])
    })
    expect(error).toBeUndefined()
    expect(bytes).toBe(8_000_000)
    expect(grown).toBeLessThan(64 * MiB)
  })

  test('and is not killed for that is read at a pace, and costs little of our processor', async () => {
    await using remote = await open()
    let lines = 0
    const before = process.cpuUsage()
    const begun = performance.now()
    const running = remote.run('yes', { overflow: 'drop', timeout: 2000, onLine: () => void (lines += 1) })
    await expect(running).rejects.toMatchObject({ code: 'timeout' })
    const seconds = (performance.now() - begun) / 1000
    const { user, system } = process.cpuUsage(before)
    expect(lines).toBeGreaterThan(50_000)
    // A line costs 34 of the 2 MiB a second, after a burst of 1 MiB; the last piece read may be beyond that.
    expect(lines).toBeLessThan((MiB + seconds * 2 * MiB) / 34 + 32 * 1024)
    expect((user + system) / 1e6 / seconds).toBeLessThan(0.5)
    expect((await remote.run('echo well')).stdout).toBe('well\n')
  })
})

describe('the pace at which output is read', () => {
  const pace = { burst: 1000, perSecond: 100 }

  test('is none up to the burst, and then as slow as it is said', () => {
    const throttle = new Throttle(pace, 0)
    expect(throttle.read({ bytes: 1000, lines: 0 }, 0)).toBe(0)
    expect(throttle.read({ bytes: 50, lines: 0 }, 0)).toBe(500)
    expect(throttle.read({ bytes: 50, lines: 0 }, 500)).toBe(500)
  })

  test('counts lines, too, and forgives what was not read for a while', () => {
    const throttle = new Throttle(pace, 0)
    expect(throttle.read({ bytes: 40, lines: 30 }, 0)).toBe(0)
    expect(throttle.read({ bytes: 2, lines: 1 }, 0)).toBe(340)
    expect(throttle.read({ bytes: 1000, lines: 0 }, 1_000_000)).toBe(0)
  })
})
