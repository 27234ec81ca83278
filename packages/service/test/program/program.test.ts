import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, test, vi } from 'vitest'
import { z } from 'zod'
import { ConfigError, defineProgram, type FlagDefinition, serviceSettings } from '../../src/index.ts'

const directory = mkdtempSync(join(tmpdir(), 'program-'))
const config = join(directory, 'example.conf')
writeFileSync(config, JSON.stringify({ 'bus-exchange': 'from-file', plugins: ['file'] }))
afterAll(() => rmSync(directory, { recursive: true }))

const plugin: FlagDefinition = {
  flags: '-a, --plugin <name>',
  key: 'plugins',
  description: 'may be repeated',
  parse: (text, soFar) => [...(Array.isArray(soFar) ? (soFar as unknown[]) : []), text],
}

const runs: unknown[] = []

const program = defineProgram({
  name: 'example-service',
  description: 'Shows what a program is.',
  version: '3.2.1',
  configFile: config,
  schema: z.object({ ...serviceSettings, plugins: z.array(z.string()).default([]) }),
  flags: [plugin],
  examples: ['example-service --processes 3'],
  run: async (settings, { configFile }) => {
    runs.push({ settings, configFile })
    if (settings.plugins.includes('broken')) throw new Error('this plugin is broken')
    if (settings.plugins.includes('unknown')) {
      throw new ConfigError([{ setting: 'plugins[0]', text: 'is "unknown"; there is no such plugin' }])
    }
  },
})

/** What a program writes, and the exit code it sets. */
async function main(...args: string[]) {
  const written: string[] = []
  const catchText = (text: unknown) => Boolean(written.push(String(text)))
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(catchText),
    vi.spyOn(process.stderr, 'write').mockImplementation(catchText),
    vi.spyOn(console, 'error').mockImplementation((text) => void catchText(text)),
  ]
  const before = process.exitCode
  try {
    await program.main(args)
    return { code: process.exitCode ?? 0, text: written.join('\n') }
  } finally {
    process.exitCode = before
    for (const spy of spies) spy.mockRestore()
  }
}

test('a program has the settings that all have, and its own', () => {
  const settings = program.settings([], {})
  assert.deepEqual(settings, {
    bus_uri: process.env['COMMISSAIRE_BUS_URI'] ?? 'redis://127.0.0.1:6379/',
    bus_exchange: 'from-file',
    debug: false,
    processes: 1,
    plugins: ['file'],
  })
})

test('the flags that all programs have set what they say', () => {
  const args = ['--bus-uri', 'memory://x', '--bus-exchange', 'other', '--debug', '--processes', '4']
  const { bus_uri, bus_exchange, debug, processes } = program.settings(args, {})
  assert.deepEqual([bus_uri, bus_exchange, debug, processes], ['memory://x', 'other', true, 4])
})

test('a flag of the program may be repeated', () => {
  assert.deepEqual(program.settings(['--plugin', 'a', '-a', 'b'], {}).plugins, ['a', 'b'])
})

for (const flag of ['-c', '--config', '--config-file']) {
  test(`${flag} names another configuration file`, () => {
    const other = join(directory, 'other.conf')
    writeFileSync(other, JSON.stringify({ bus_exchange: 'other' }))
    assert.equal(program.settings([flag, other], {}).bus_exchange, 'other')
  })
}

test('--no-config-file reads none', () => {
  assert.equal(program.settings(['--no-config-file'], {}).bus_exchange, 'commissaire')
})

test('--help shows flags and examples, and --version the version', async () => {
  const help = await main('--help')
  assert.equal(help.code, 0)
  for (const word of ['--config', '--bus-uri', '--processes', '--plugin', 'Examples:', config]) {
    assert.ok(help.text.includes(word), word)
  }
  assert.deepEqual(await main('--version'), { code: 0, text: '3.2.1\n' })
})

test('wrong usage ends with status 2, and says what was meant', async () => {
  const flag = await main('--proceses', '3')
  assert.equal(flag.code, 2)
  assert.match(flag.text, /unknown option '--proceses'[^]*--processes/)
  const value = await main('--processes', 'many')
  assert.deepEqual(value, { code: 2, text: 'example-service: --processes is "many"; allowed: a number' })
  assert.equal((await main('word')).code, 2)
})

test('a program that fails ends with status 1 and a line in its log', async () => {
  assert.equal((await main('--plugin', 'broken')).code, 1)
})

test('a setting that turns out to be wrong while it runs ends it with status 2, named as it was said', async () => {
  const text = 'is "unknown"; there is no such plugin'
  assert.deepEqual(await main('--plugin', 'unknown'), {
    code: 2,
    text: `example-service: --plugin[0] ${text}`,
  })
  const file = join(directory, 'unknown.conf')
  writeFileSync(file, JSON.stringify({ plugins: ['unknown'] }))
  assert.deepEqual(await main('-c', file), {
    code: 2,
    text: `example-service: ${file}: "plugins[0]" ${text}`,
  })
})

test('a program is told which configuration file is its own', async () => {
  await main('--debug')
  assert.equal((runs.at(-1) as { configFile: string }).configFile, config)
})
