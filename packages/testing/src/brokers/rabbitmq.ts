/** A RabbitMQ server on free ports, which can be killed and started again, and evaluates Erlang faster than `rabbitmqctl` does. */

import { execFile, spawn, spawnSync, type ChildProcess, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect as dial } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePorts } from '../free-port.ts'
import { until } from '../until.ts'

const program = '/usr/lib/rabbitmq/bin/rabbitmq-server'

/** Whether there is a server to test with. In CI its absence is a failure, not a reason to skip. */
export const haveRabbitMq = present()

function present(): boolean {
  if (spawnSync('test', ['-x', program]).status === 0 && spawnSync('erl_call', []).error === undefined)
    return true
  const remedy = 'rabbitmq-server is missing; run: apt-get install rabbitmq-server'
  if (process.env['CI']) throw new Error(remedy)
  console.warn(`SKIPPED all tests on RabbitMQ: ${remedy}`)
  return false
}

/** What belongs in `rabbitmq.conf` beside what every node of the tests has. */
export interface NodeOptions {
  readonly config?: string
  /** Virtual hosts that are there from the start, beside `/`. */
  readonly vhosts?: readonly string[]
}

const user = { name: 'guest', password: 'guest', tags: 'administrator', limits: {} }

/** A server with its own directory, ports, name and port mapper, beside whatever else runs on the machine. */
export class ErlangNode {
  readonly port: number
  readonly directory: string
  readonly #environment: NodeJS.ProcessEnv
  readonly #name: string
  #process: ChildProcess | undefined
  #starting: Promise<void> | undefined

  private constructor(directory: string, { port, dist, epmd }: { port: number; dist: number; epmd: number }) {
    this.port = port
    this.directory = directory
    this.#name = `commissaire-${port}`
    this.#environment = {
      PATH: process.env['PATH'],
      HOME: directory,
      ERL_EPMD_PORT: String(epmd),
      ERL_EPMD_ADDRESS: '127.0.0.1',
      RABBITMQ_NODENAME: `${this.#name}@localhost`,
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_DIST_PORT: String(dist),
      RABBITMQ_MNESIA_BASE: join(directory, 'data'),
      RABBITMQ_LOG_BASE: join(directory, 'log'),
      RABBITMQ_CONFIG_FILE: join(directory, 'rabbitmq.conf'),
      RABBITMQ_CONF_ENV_FILE: join(directory, 'env'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, 'plugins'),
      RABBITMQ_PID_FILE: join(directory, 'pid'),
    }
  }

  static async start({ config = '', vhosts = [] }: NodeOptions = {}): Promise<ErlangNode> {
    const directory = await mkdtemp(join(tmpdir(), 'commissaire-rabbitmq-'))
    const [port = 0, dist = 0, epmd = 0] = await freePorts(3)
    const node = new ErlangNode(directory, { port, dist, epmd })
    const definitions = join(directory, 'definitions.json')
    await Promise.all([
      writeFile(join(directory, 'rabbitmq.conf'), `load_definitions = ${definitions}\n${config}`),
      writeFile(join(directory, 'env'), ''),
      writeFile(join(directory, 'plugins'), '[].'),
      writeFile(definitions, JSON.stringify(definitionsOf(vhosts))),
      writeFile(join(directory, '.erlang.cookie'), 'commissaire', { mode: 0o400 }),
    ])
    try {
      await node.resume()
    } catch (error) {
      await node.remove()
      throw error
    }
    return node
  }

  /** Starts the server, unless it runs or is about to. */
  resume(): Promise<void> {
    this.#starting ??= this.#start()
    return this.#starting
  }

  /** Ends the server and what it has started in the middle of what they do. */
  async kill(): Promise<void> {
    const server = this.#process
    this.#process = undefined
    this.#starting = undefined
    if (server?.pid === undefined) return
    const ended = once(server, 'exit')
    process.kill(-server.pid, 'SIGKILL')
    await ended
    await until(async () => !(await answers(this.port)), 'the port is free')
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#process?.pid !== undefined) process.kill(-this.#process.pid, signal)
  }

  /** Evaluates an expression of Erlang on the node; returns its value, as text. */
  async evaluate(expression: string): Promise<string> {
    const args = ['-sname', `${this.#name}@localhost`, '-c', 'commissaire', '-timeout', '10', '-e']
    const asked = promisify(execFile)('erl_call', args, { env: this.#environment })
    asked.child.stdin?.end(`${expression}.\n`)
    return (await asked).stdout
  }

  async remove(): Promise<void> {
    await this.kill()
    spawnSync('epmd', ['-kill'], { env: this.#environment })
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 })
  }

  async #start(): Promise<void> {
    const stdio: StdioOptions = ['pipe', 'ignore', 'ignore']
    this.#process = spawn('sh', ['-c', supervised, program], {
      env: this.#environment,
      stdio,
      detached: true,
    })
    await until(() => answers(this.port), 'RabbitMQ takes connections', { timeout: 90_000 })
    await until(() => this.#isUp(), 'RabbitMQ has started', { timeout: 60_000 })
  }

  async #isUp(): Promise<boolean> {
    return (await this.evaluate('rabbit:is_running()').catch(() => '')).includes('true')
  }
}

/** Runs the server in a group of its own, which ends when this process does: the pipe on standard input is closed then. */
const supervised = '"$0" </dev/null & read -r _; kill -KILL 0'

function definitionsOf(vhosts: readonly string[]): object {
  const all = ['/', ...vhosts]
  return {
    users: [user],
    vhosts: all.map((name) => ({ name })),
    permissions: all.map((vhost) => ({ user: user.name, vhost, configure: '.*', write: '.*', read: '.*' })),
  }
}

/** Whether something listens on that port. */
export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = dial(port, '127.0.0.1')
    const end = (open: boolean): void => {
      socket.destroy()
      resolve(open)
    }
    socket.on('connect', () => end(true)).on('error', () => end(false))
  })
}
