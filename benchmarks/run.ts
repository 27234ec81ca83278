/**
 * `npm run bench -- [NAME…] [--json FILE]`: runs the benchmarks one after the other and prints what they measured.
 *
 * A figure is only worth something beside another one of the same run, so each benchmark brings its own raw limit.
 */
import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'

/** What a benchmark measured: names with their units in them, and numbers. */
export type Figures = Record<string, number | string>

const benchmarks: Record<string, () => Promise<Figures>> = {
  startup: async () => (await import('./startup.ts')).measureStartup(),
  'facts-cold': async () => (await import('./facts-cold.ts')).measureFactsCold(),
  'registration-storm': async () => (await import('./registration-storm.ts')).measureRegistrationStorm(),
  'rest-overload': async () => (await import('./rest-overload.ts')).measureRestOverload(),
  'host-pages': async () => (await import('./host-pages.ts')).measureHostPages(),
  rollout: async () => (await import('./rollout.ts')).measureRollout(),
  'bus-redis': async () => (await import('./bus-redis.ts')).measureBusRedis(),
}

const usage = `Usage: npm run bench -- [NAME…] [--json FILE]

Benchmarks: ${Object.keys(benchmarks).join(', ')} (all when none is named)

Examples:
  npm run bench
  npm run bench -- bus-redis --json figures.json
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
})

const unknown = positionals.filter((name) => !(name in benchmarks))
if (values.help || unknown.length > 0) {
  if (unknown.length > 0) process.stderr.write(`There is no benchmark named ${unknown.join(', ')}.\n\n`)
  process.stdout.write(usage)
  process.exit(values.help ? 0 : 2)
}

const machine = {
  node: process.version,
  processor: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  memoryBytes: totalmem(),
}
const measured: Record<string, Figures> = {}
for (const name of positionals.length > 0 ? positionals : Object.keys(benchmarks)) {
  process.stdout.write(`\n${name}\n`)
  const figures = await benchmarks[name]!()
  measured[name] = figures
  for (const [figure, value] of Object.entries(figures))
    process.stdout.write(`  ${figure.padEnd(32)} ${value}\n`)
}
if (values.json) {
  const report = { measuredAt: new Date().toISOString(), machine, benchmarks: measured }
  writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)
}
