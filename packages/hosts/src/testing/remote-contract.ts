/**
 * The contract suite of remotes, as data: named checks on nothing but `node:assert`, also for implementations of other
 * packages. The host at the other end needs a real POSIX shell.
 */
import assert from 'node:assert/strict'
import type { Remote } from '../remote.ts'

/** A check gets a function that opens a new remote; it closes what it opens. */
export type RemoteCheck = (open: () => Promise<Remote>) => Promise<void>

/** Every check by what it says. */
export const remoteContract: Record<string, RemoteCheck> = {
  async 'a command gives its output, its errors and its status'(open) {
    await using remote = await open()
    const result = await remote.run('echo out; echo err >&2; exit 3')
    assert.deepEqual([result.stdout, result.stderr, result.code, result.signal], ['out\n', 'err\n', 3, null])
    assert.equal(result.truncated, false)
  },

  async 'input reaches the command and ends'(open) {
    await using remote = await open()
    const { stdout } = await remote.run('cat; echo after', { input: 'grüße\n' })
    assert.equal(stdout, 'grüße\nafter\n')
  },

  async 'without input the command finds its input at an end'(open) {
    await using remote = await open()
    const { code } = await remote.run('cat', { timeout: 5000 })
    assert.equal(code, 0)
  },

  async 'output beyond the bound is dropped where the caller says so, and the result says so'(open) {
    await using remote = await open()
    const options = { maxOutput: 1000, overflow: 'drop' } as const
    const result = await remote.run('head -c 300000 /dev/zero | tr "\\0" x', options)
    assert.deepEqual([result.stdout.length, result.truncated, result.code], [1000, true, 0])
  },

  async 'output up to the bound is no fault'(open) {
    await using remote = await open()
    const result = await remote.run('echo 123; echo 456 >&2', { maxOutput: 4 })
    assert.deepEqual([result.stdout, result.stderr, result.truncated], ['123\n', '456\n', false])
  },

  async 'output beyond the bound ends the command, on either stream, and the remote still works'(open) {
    await using remote = await open()
    for (const target of ['', ' >&2']) {
      const running = remote.run(`head -c 300000 /dev/zero${target}; exit 0`, { maxOutput: 1000 })
      await assert.rejects(running, { code: 'too_much_output' })
    }
    assert.equal((await remote.run('echo well')).stdout, 'well\n')
  },

  async 'lines are handed out while the command runs'(open) {
    await using remote = await open()
    const lines: string[] = []
    const { promise: first, resolve } = Promise.withResolvers<void>()
    const onLine = (stream: string, line: string): void => {
      lines.push(`${stream}: ${line}`)
      resolve()
    }
    const stop = new AbortController()
    const running = remote.run('echo one; sleep 30', { onLine, signal: stop.signal })
    running.catch(() => {})
    await first
    stop.abort()
    assert.deepEqual(lines, ['stdout: one'])
    await assert.rejects(running, { code: 'cancelled' })
  },

  async 'a command that takes too long fails with timeout'(open) {
    await using remote = await open()
    const started = performance.now()
    await assert.rejects(remote.run('sleep 30', { timeout: 200 }), { code: 'timeout' })
    assert.ok(performance.now() - started < 5000)
  },

  async 'after a timeout the remote still works'(open) {
    await using remote = await open()
    await assert.rejects(remote.run('sleep 30', { timeout: 200 }), { code: 'timeout' })
    assert.equal((await remote.run('echo well')).stdout, 'well\n')
  },

  async 'a command that is given up fails with cancelled'(open) {
    await using remote = await open()
    await assert.rejects(remote.run('sleep 30', { signal: AbortSignal.timeout(100) }), { code: 'cancelled' })
    await assert.rejects(remote.run('true', { signal: AbortSignal.abort() }), { code: 'cancelled' })
  },

  async 'a command ended by a signal tells which'(open) {
    await using remote = await open()
    const { code, signal } = await remote.run('kill -9 $$')
    assert.deepEqual([code, signal], [null, 'KILL'])
  },

  async 'many commands run at once on one remote'(open) {
    await using remote = await open()
    const numbers = Array.from({ length: 30 }, (_, index) => index)
    const results = await Promise.all(numbers.map((number) => remote.run(`echo ${number}`)))
    assert.deepEqual(
      results.map(({ stdout }) => Number(stdout)),
      numbers,
    )
  },

  async 'closing ends the remote, twice does no harm, and commands then fail'(open) {
    const remote = await open()
    await remote.close()
    await remote.close()
    await assert.rejects(remote.run('true'), { name: 'HostError' })
  },

  async 'it knows the key that the host proved'(open) {
    await using remote = await open()
    assert.match(remote.hostKey, /^(ssh|ecdsa)-[\w-]+ [A-Za-z0-9+/]+=*$/)
  },
}
