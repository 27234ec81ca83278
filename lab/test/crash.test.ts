/** A lab whose owner was killed is no burden: the next one clears it, and so does the command line. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { Lab } from '@commissaire/lab'
import { describe, expect, test } from 'vitest'
import { firstBuild, noLab } from './possible.ts'

describe.skipIf(noLab)('after a crash', () => {
  test('the next lab clears what a killed owner left', { timeout: firstBuild }, async () => {
    const crashed = await abandonedLab()
    const traces = await crashed.traces()
    const processes = (): string[] => traces.remaining().filter((trace) => trace.startsWith('process'))
    expect(processes().length).toBeGreaterThan(3)
    await using lab = await Lab.up() // perhaps with the very names that the crashed one had
    expect(processes()).toEqual([])
    expect((await lab.host('web1').ssh('true')).code).toBe(0)
  })

  test(
    'the command line takes an abandoned lab down, and a second time finds none',
    { timeout: firstBuild },
    async () => {
      const crashed = await abandonedLab()
      const traces = await crashed.traces()
      expect(await commandLine('down', '--subnet', crashed.subnet)).toContain('with 1 host is gone')
      expect(traces.remaining()).toEqual([])
      expect(await commandLine('down', '--subnet', crashed.subnet)).toContain('nothing to take away')
    },
  )
})

async function commandLine(...words: string[]): Promise<string> {
  const main = new URL('../src/main.ts', import.meta.url).pathname
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, main, ...words])
  return stdout
}

/** A lab of one host, up and running, whose owner has just been killed. */
async function abandonedLab(): Promise<Lab> {
  const index = new URL('../src/index.ts', import.meta.url).href
  const program = `
    const { Lab } = await import(${JSON.stringify(index)})
    const { subnet } = await Lab.up()
    console.log(subnet)
    setInterval(() => {}, 1000)`
  const owner = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [subnet] = await once(createInterface(owner.stdout), 'line')
  owner.kill('SIGKILL')
  await once(owner, 'close')
  return Lab.open({ subnet: String(subnet) })
}
