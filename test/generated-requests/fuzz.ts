/**
 * `npm run fuzz`: generated messages and requests without an end, each round with the next seed. Stops at the first
 * round that shows a fault, and prints its seed.
 */
import { parseArgs } from 'node:util'
import type { MakeWorld } from '../../packages/bus/src/testing.ts'
import { generatedRun } from './run.ts'

const usage = `Usage: npm run fuzz -- rest [--url URL] [--user NAME] [--password TEXT] [--seed N] [--rounds N] [--size N]
       npm run fuzz -- bus memory|redis|rabbitmq|nats [--seed N] [--rounds N] [--size N]

rest sends requests generated from the OpenAPI document of a running server, and compares the responses with it.
bus  starts a broker, sends hostile messages to a service, and checks that it answers good calls.

  --seed    the seed of the first round (default 1)
  --rounds  how many rounds (default: until it is interrupted)
  --size    requests or messages in a round (default 2000)

Generated hosts have addresses of the loopback network. Use a server with nothing in it, and a port of ssh
(ssh_port in its configuration) where nothing listens.

Examples:
  npm run fuzz -- rest --url http://127.0.0.1:8000 --user a --password a
  npm run fuzz -- bus redis --seed 7 --rounds 1 --size 40000
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8000' },
    user: { type: 'string', default: 'a' },
    password: { type: 'string', default: 'a' },
    seed: { type: 'string', default: '1' },
    rounds: { type: 'string', default: 'Infinity' },
    size: { type: 'string', default: '2000' },
    help: { type: 'boolean', short: 'h' },
  },
})

/** Ends what the rounds share. */
const closing = new AsyncDisposableStack()
let made: Promise<MakeWorld> | undefined

type Round = (seed: number) => Promise<object>

const worlds: Record<string, () => Promise<MakeWorld>> = {
  memory: async () => (await import('../../packages/bus/test/brokers/memory-world.ts')).memoryWorld,
  redis: async () => (await import('../../packages/bus/test/brokers/redis-world.ts')).redisWorld,
  rabbitmq: rabbitMqWorld,
  nats: async () => (await import('../../packages/bus/test/brokers/nats-world.ts')).natsWorld,
}

/** One server for all rounds, which takes seconds to start, with a virtual host for each. */
async function rabbitMqWorld(): Promise<MakeWorld> {
  const { RabbitMqWorlds } = await import('../../packages/bus/test/brokers/rabbitmq-world.ts')
  const servers = await RabbitMqWorlds.start()
  closing.defer(() => servers.remove())
  return () => servers.make()
}

const round = values.help ? undefined : roundOf(positionals)
if (!round) {
  process.stdout.write(usage)
  process.exit(values.help ? 0 : 2)
}
const first = Number(values.seed)
for (let seed = first; seed < first + Number(values.rounds); seed++) {
  const report = await round(seed)
  const rss_mb = Math.round(process.memoryUsage.rss() / 2 ** 20)
  console.log(JSON.stringify({ seed, ...report, rss_mb }))
}
await closing.disposeAsync()
process.exit(0)

function roundOf([kind, name = '']: readonly string[]): Round | undefined {
  if (kind === 'rest') return requestRound
  return kind === 'bus' && name in worlds ? (seed) => messageRound(name, seed) : undefined
}

async function requestRound(seed: number): Promise<object> {
  const { url, user, password, size } = values
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  const { statuses, wrong } = await generatedRun({ url, authorization, seed, requests: Number(size) })
  if (wrong.length > 0) throw new Error(`seed ${seed}: ${JSON.stringify(wrong.slice(0, 5), null, 2)}`)
  return statuses
}

async function messageRound(name: string, seed: number): Promise<object> {
  const { hostileRun } = await import('../../packages/bus/src/testing.ts')
  const make = await (made ??= worlds[name]?.())
  if (!make) throw new TypeError(`there is no broker ${name}`)
  await using world = await make()
  return await hostileRun(world, { seed, messages: Number(values.size) })
}
