/** `up 3`: builds a lab that stays, and says what to type next. */
import type { HostWish } from '../plan.ts'
import { Lab } from '../lab.ts'
import { type Command, type CommandOptions, labMeant } from './command.ts'
import { hostTable } from './list.ts'

/** Builds a lab and returns when every host answers; the hosts stay. */
export const up: Command = {
  usage: 'up 3 [--family web2=fedora]',
  about: 'build and boot so many hosts; returns when all answer',
  async run([count = '1'], options) {
    const began = performance.now()
    const progress = (line: string): void => void process.stderr.write(`${line}\n`)
    const { signal } = options
    const hosts = wishes(Number(count), options.family)
    const lab = await Lab.up({ ...labMeant(options), hosts, detached: true, progress, signal })
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    process.stdout.write(
      `\n${hostTable(lab)}\n${lab.hosts.length} hosts are up after ${seconds} s.\n${next(lab, options)}`,
    )
  },
}

/** The hosts wanted, of which "web2=fedora" makes the second a Fedora. */
function wishes(count: number, families: readonly string[]): HostWish[] {
  if (!Number.isInteger(count)) throw new TypeError('How many hosts? For instance: npm run lab -- up 3')
  const names = Array.from({ length: count }, (_, index) => `web${index + 1}`)
  const chosen = new Map(families.map((pair) => [pair.split('=')[0], pair.split('=')[1]]))
  const unknown = [...chosen.keys()].find((name) => name === undefined || !names.includes(name))
  if (unknown !== undefined) throw new TypeError(`--family ${unknown}=… names none of ${names.join(', ')}.`)
  return names.map((name) => {
    const family = chosen.get(name)
    return family ? { name, family } : { name }
  })
}

function next(lab: Lab, options: CommandOptions): string {
  const key = lab.privateKeyPath
  const more = options.subnet === '10.77.0.0/24' ? '' : ` --subnet ${options.subnet}`
  const create = lab.hosts.map(({ address }) => `  npx commctl host create -c web ${address} ${key}`)
  return `
The key opens root, ops (sudo without a password) and guest (no sudo). What to type next:

  npx commctl cluster create web
${create.join('\n')}

  ssh -i ${key} root@${lab.hosts[0]?.address}
  npm run lab -- publish 2${more}     a newer package, for an upgrade to find
  npm run lab -- list${more}
  npm run lab -- down${more}
`
}
