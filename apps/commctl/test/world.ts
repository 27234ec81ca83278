/**
 * A world for the tests of commctl: the real REST server on a free port, over a memory bus with the real store behind
 * it; and the program itself, run as people run it.
 */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Bus, connect, type Logger, type Message } from '@commissaire/bus'
import { ClusterDeploy, ClusterRestart, ClusterUpgrade, parseModel, timestamp } from '@commissaire/models'
import { createApp, openAuthentication } from '@commissaire/server'
import { StorageClient, StorageMethods, Store } from '@commissaire/storage'

const program = resolve(import.meta.dirname, '../bin/commctl.js')

/** The one who may in: name, password, and its bcrypt hash of four rounds, for speed. */
export const operator = {
  username: 'a',
  password: 'a',
  hash: '$2b$04$YyaZ7QEQHzcksqLXF8HTN.VoomXRKH08tKJROThECDMnuzAEAxnbG',
}

/** What a run of the program left behind. */
export interface Run {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** How the program is run. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  /** Answers that are typed when a question appears, in order. */
  readonly typed?: readonly (readonly [question: string, answer: string])[]
  /** Told of what is written to standard output and standard error, as it comes. */
  readonly onOutput?: (text: string) => void
  /** Ends the program, with `killSignal`; SIGINT where nothing is said. */
  readonly signal?: AbortSignal
  readonly killSignal?: NodeJS.Signals
}

/** A home folder of its own, so that nobody's configuration matters, and the program in it. */
export class Home implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'commctl-test-'))

  /** Writes a file that only its owner may read; returns its path. */
  write(name: string, content: string | object, mode = 0o600): string {
    const path = join(this.path, name)
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content), { mode })
    return path
  }

  get env(): Record<string, string> {
    const { PATH = '' } = process.env
    return {
      PATH,
      HOME: this.path,
      COMMISSAIRE_DATA: join(this.path, 'data'),
      XDG_CACHE_HOME: join(tmpdir(), 'commctl-test-cache'),
    }
  }

  /** Runs `commctl` with these words. */
  commctl(words: readonly string[], options: RunOptions = {}): Promise<Run> {
    return run(process.execPath, [program, ...words], { ...options, env: { ...this.env, ...options.env } })
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** Runs words of a shell on a terminal of their own, `columns` wide. */
export function onTerminal(command: string, options: RunOptions & { columns?: number } = {}): Promise<Run> {
  const { columns = 80 } = options
  return run('script', ['-qec', `stty cols ${columns} rows 24; ${command}`, '/dev/null'], options)
}

/** The command that starts the program, for shells. */
export const commandLine = `${process.execPath} ${program}`

/** Runs any program to its end. */
export function run(file: string, words: readonly string[], options: RunOptions = {}): Promise<Run> {
  const { promise, resolve, reject } = Promise.withResolvers<Run>()
  const { env, signal, killSignal = 'SIGINT', input, onOutput, typed } = options
  const answers = [...(typed ?? [])]
  const child = spawn(file, words, { ...(env && { env }), ...(signal && { signal, killSignal }) })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
      onOutput?.(text)
      const next = answers[0]
      if (!next || !(output.stdout + output.stderr).includes(next[0])) return
      answers.shift()
      child.stdin.write(next[1])
    })
  }
  child.on('error', (error) => (error.name === 'AbortError' ? undefined : reject(error)))
  child.on('close', (code, ended) => resolve({ status: code ?? (ended ? 128 : -1), ...output }))
  child.stdin.on('error', () => {})
  if (!typed) child.stdin.end(input)
  return promise
}

/** The server, what it keeps, and a home with a configuration for it. */
export interface World extends AsyncDisposable {
  readonly home: Home
  readonly storage: StorageClient
  readonly endpoint: string
  readonly bus: Bus
  /** Runs commctl against the server. */
  commctl(words: string, options?: RunOptions): Promise<Run>
  /** Ends the server and starts it again on the same port, with what it keeps. */
  stop(): Promise<void>
  restart(): Promise<void>
}

const silence = () => {}
const log: Logger = { debug: silence, info: silence, warn: silence, error: silence }

/** Opens a world with an empty store. */
export async function openWorld({ busCalls = false } = {}): Promise<World> {
  const home = new Home()
  const bus = await connect(`memory://${randomUUID()}`, { log })
  const store = await Store.open({ storage_handlers: [{ type: 'memory', name: 'memory', models: ['*'] }] })
  const storage = new StorageClient(bus)
  await serveAll(bus, store, storage)
  const start = async (port: number) => {
    const auth = await openAuthentication(
      [{ name: 'httpbasicauth', users: { a: { hash: operator.hash } } }],
      { log },
    )
    const app = createApp({ bus, storage, auth, log, busCalls })
    return { app, endpoint: await app.listen({ port, host: '127.0.0.1' }) }
  }
  let { app, endpoint } = await start(0)
  const { username, password } = operator
  home.write('.commissaire.json', { endpoint, username, password })
  return {
    home,
    storage,
    endpoint,
    bus,
    commctl: (words, options) => home.commctl(words.split(' '), options),
    stop: () => app.close(),
    async restart() {
      ;({ app, endpoint } = await start(Number(new URL(endpoint).port)))
    },
    async [Symbol.asyncDispose]() {
      home[Symbol.dispose]()
      await app.close()
      await bus.close()
      await store.close()
    },
  }
}

/** The storage service over the real store, a container manager that agrees to all, and operations that only begin. */
async function serveAll(bus: Bus, store: Store, storage: StorageClient): Promise<void> {
  const methods = new StorageMethods(store, { announce: async () => {} })
  const serve = (name: string, routingKey: string, handler: (method: string, params: unknown[]) => unknown) =>
    bus.serve(
      { name, routingKeys: [routingKey] },
      { handler: (message) => handler(message.method ?? '', listOf(message)) },
    )
  await serve('storage', 'storage.*', (method, [type, data, revision]) => {
    if (method === 'save') return methods.save(type as string, data, revision as string)
    if (method === 'list') return methods.list(type as string)
    if (method === 'page') return methods.page(type as string, data)
    return methods[method as 'get' | 'fetch' | 'delete'](type as string, data)
  })
  await serve('containermgr', 'container.*', (method) =>
    method === 'get_node_status' ? { ready: true } : null,
  )
  await serve('investigator-plan', 'jobs.plan', (_method, [address]) => ({
    address,
    cluster: '',
    profile: 'docker',
    steps: [
      {
        name: 'docker is installed',
        state: 'would_do',
        action: 'installs docker.io',
        reason: 'dockerd is missing',
      },
    ],
  }))
  await serve('clusterexec', 'jobs.clusterexec.*', async (method, [name, version]) => {
    const begun = { name, version, status: 'in_process', started_at: timestamp() }
    if (method === 'deploy') return storage.save(ClusterDeploy, parseModel(ClusterDeploy, begun))
    if (method === 'restart') return storage.save(ClusterRestart, parseModel(ClusterRestart, begun))
    return storage.save(ClusterUpgrade, parseModel(ClusterUpgrade, begun))
  })
}

function listOf({ params }: Message): unknown[] {
  return Array.isArray(params) ? params : Object.values(params)
}
