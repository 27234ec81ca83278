/** `npm run chaos`: hurts a running system at random and checks that it keeps its promises. */
import { parseArgs } from 'node:util'
import { brokers, stores } from '../scenarios/worlds/grounds.ts'
import { chaosRun } from './run.ts'

const worlds = Object.keys(brokers).flatMap((broker) =>
  Object.keys(stores).map((store) => `${broker}-${store}`),
)
const usage = `Usage: npm run chaos -- [--minutes N] [--seed N] [--world NAME] [--quiet]

Starts the server and all services as processes of their own over a real broker and store, with scripted hosts. Clients work
with it while processes, broker, store and links are killed, stopped and cut. At the end all heals, and the
history is compared with the promises of docs/reference/guarantees.md. Ends with status 1 if one was broken.

  --minutes  for how long (default 2)
  --seed     chooses the faults (default 1)
  --world    ${worlds.join(', ')} (default redis-sqlite)
  --quiet    does not print each fault

Examples:
  npm run chaos
  npm run chaos -- --minutes 60 --seed 7 --world nats-etcd
`

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
    world: { type: 'string', default: 'redis-sqlite' },
    quiet: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
})
const [broker = '', store = ''] = values.world.split('-')
const [minutes, seed] = [Number(values.minutes), Number(values.seed)]
if (values.help || !isBroker(broker) || !isStore(store) || !(minutes > 0) || !Number.isInteger(seed)) {
  process.stdout.write(usage)
  process.exit(values.help ? 0 : 2)
}
const onFault = (name: string): void =>
  void (values.quiet || console.log(`${new Date().toISOString()}  ${name}`))
const report = await chaosRun({ broker, store, seed, duration: minutes * 60_000, onFault })
console.log(JSON.stringify(report, null, 2))
process.exit(report.violations.length > 0 ? 1 : 0)

function isBroker(name: string): name is keyof typeof brokers {
  return name in brokers
}

function isStore(name: string): name is keyof typeof stores {
  return name in stores
}
