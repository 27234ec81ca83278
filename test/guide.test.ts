/**
 * The guide "Writing a service", done from its first to its last line as a newcomer would: in an empty folder, with the
 * packages as they would be published. Files are written, commands are run in one shell, and what they print is compared.
 */
import { freePort, haveRedis, RedisServer, until } from '@commissaire/testing'
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const guide = readFileSync(join(root, 'docs/guide/writing-a-service.md'), 'utf8')

/** A piece of the guide that is done. */
interface Step {
  readonly kind: 'file' | 'command' | 'output'
  /** Of a file its name. */
  readonly name: string
  readonly text: string
}

const steps = [...guide.matchAll(/(?:<!-- file: (\S+) -->\n)?```(\w*)\n([^]*?)```/g)].map(
  ([whole, file, language, text = '']): Step => {
    if (file !== undefined) return { kind: 'file', name: file, text }
    if (language === 'sh') return { kind: 'command', name: text.split('\n', 1)[0] ?? '', text }
    assert.equal(language, 'text', `this block is neither a file, nor a command, nor its output:\n${whole}`)
    return { kind: 'output', name: '', text }
  },
)

/** A shell that lives as long as the guide is followed. */
class Shell {
  readonly #process: ChildProcess
  #output = ''
  #errors = ''

  constructor(cwd: string, env: NodeJS.ProcessEnv) {
    // A group of its own, so that nothing it started outlives the test.
    this.#process = spawn('bash', { cwd, env, detached: true, stdio: 'pipe' })
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#output += text))
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#errors += text))
  }

  /** Types a block; comes back with what it printed. A program that is left to run has started by then. */
  async type(block: string): Promise<string> {
    this.#output = ''
    this.#errors = ''
    this.#process.stdin?.write(`${block}\necho "end of block: $?"\n`)
    const [, printed = '', status] = await until(
      () => /^([^]*)end of block: (\d+)\n$/.exec(this.#output) ?? undefined,
      `this ends: ${block}`,
      { timeout: 240_000 },
    )
    assert.equal(status, '0', `${block}${printed}${this.#errors}`)
    if (block.trimEnd().endsWith('&'))
      await until(() => /is running|is ready in/.test(this.#errors) || undefined, 'it runs', {
        timeout: 60_000,
      })
    return printed
  }

  end(): void {
    if (this.#process.pid !== undefined) process.kill(-this.#process.pid, 'SIGKILL')
  }
}

describe.skipIf(!haveRedis)('the guide "Writing a service"', { timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'guide-'))
  const packed = mkdtempSync(join(tmpdir(), 'guide-packed-'))
  let redis: RedisServer
  let shell: Shell
  let port: number
  let tarballs: string

  beforeAll(async () => {
    redis = await RedisServer.start()
    port = await freePort()
    const names = ['bus', 'service']
    await promisify(execFile)('npx', ['tsc', '-b', ...names.map((name) => `packages/${name}`)], { cwd: root })
    const workspaces = names.flatMap((name) => ['--workspace', `packages/${name}`])
    await promisify(execFile)('npm', ['pack', ...workspaces, '--pack-destination', packed], { cwd: root })
    tarballs = globSync(join(packed, '*.tgz')).join(' ')
    shell = new Shell(folder, environment())
  }, 300_000)

  afterAll(async () => {
    shell?.end()
    await redis[Symbol.asyncDispose]()
    for (const each of [folder, packed]) rmSync(each, { recursive: true, force: true })
  })

  /** What differs here from the machine of a newcomer: the broker, the port, and where the packages come from. */
  const here = (text: string): string =>
    text
      .replaceAll('redis://127.0.0.1:6379/', redis.url)
      .replaceAll('9100', `${port}`)
      .replaceAll(/(npm install.*)@commissaire\/service/g, `$1${tarballs}`)

  steps.forEach((step, index) => {
    const after = steps[index + 1]
    const number = `${index + 1}`.padStart(2, '0')
    if (step.kind === 'file') {
      test(`${number} writes ${step.name}`, () => writeFileSync(join(folder, step.name), here(step.text)))
    } else if (step.kind === 'command') {
      test(`${number} runs ${step.name}`, async () => {
        const printed = await shell.type(here(step.text))
        if (after?.kind === 'output') assert.match(printed, pattern(after.text))
      })
    } else {
      test(`${number} shows what came of a command`, () => assert.equal(steps[index - 1]?.kind, 'command'))
    }
  })

  test('the compiler has nothing to say about what was written', () => {
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'esnext', '--skipLibCheck']
    const erased = ['--erasableSyntaxOnly', '--allowImportingTsExtensions', '--types', 'node']
    const roots = ['--typeRoots', join(root, 'node_modules/@types')]
    const wrong = `import { connect } from '@commissaire/service'
import type { MyService } from './my-service.ts'
const my = (await connect('memory://')).client<MyService>('my')
// @ts-expect-error -- there is no such method
await my.ecko('words')
// @ts-expect-error -- words are no number
await my.echo(7)
`
    writeFileSync(join(folder, 'wrong.ts'), wrong)
    const files = globSync('*.ts', { cwd: folder })
    execFileSync(join(root, 'node_modules/.bin/tsc'), [...options, ...erased, ...roots, ...files], {
      cwd: folder,
      stdio: 'pipe',
      encoding: 'utf8',
    })
  })
})

/** What is printed, with `@@` for what need not be the same everywhere. */
function pattern(text: string): RegExp {
  return new RegExp(`^${text.split('@@').map(literally).join('.*')}$`)
}

const literally = (text: string): string => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)

/** As at a login: nothing of the npm that runs the tests, but its Node. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_|VITEST|COMMISSAIRE_)/i.test(name))
  const quiet = { npm_config_audit: 'false', npm_config_fund: 'false', npm_config_prefer_offline: 'true' }
  return {
    ...Object.fromEntries(own),
    ...quiet,
    PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}`,
  }
}
