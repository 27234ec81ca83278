/** `commctl cluster exec|drain`: runs a command on every host of a cluster, and drains hosts for maintenance. */
import { addressOf } from '../client/address.ts'
import type { ArgumentRow, CommandRow } from '../cli/command.ts'
import { begin, beginOptions } from '../operation/begin.ts'
import { shellLine } from '../operation/shell-line.ts'

const name: ArgumentRow = { name: 'NAME', text: 'name of the cluster', completes: 'clusters' }

/** Running a command on every host. */
export const exec: CommandRow = {
  name: 'exec',
  summary: 'Runs a command on every host of a cluster, in turn',
  description:
    'Runs a command on every host of a cluster, in turn. What it prints is kept, see operation get, and with --watch it is ' +
    'printed in the end, each line after its host. Several words reach the command as they are; a single word is a line ' +
    'for the shell of the host, with pipes and all.',
  arguments: [name, { name: 'COMMAND', text: 'the command, after --', many: true }],
  options: [
    {
      flags: '--host <HOST>',
      text: 'only this host of the cluster; may repeat',
      repeats: true,
      completes: 'hosts',
    },
    ...beginOptions,
  ],
  examples: [
    'commctl cluster exec web --max-unavailable 100% --watch -- systemctl restart chronyd',
    `commctl cluster exec web --host 192.0.2.10 -- 'df -h / | tail -1'`,
  ],
  run: async (session) => {
    const { parsed } = session
    const hosts = await Promise.all(parsed.repeated('host').map(addressOf))
    const command = shellLine(parsed.many('COMMAND'))
    return begin(session, {
      kind: 'exec',
      cluster: parsed.one('NAME'),
      command,
      ...(hosts.length > 0 && { hosts }),
    })
  },
}

/** Emptying hosts and holding them. */
export const drain: CommandRow = {
  name: 'drain',
  summary: 'Empties hosts of a cluster, and holds them for maintenance until they are released',
  description:
    'Cordons and drains hosts, in turn, and holds each until operation release lets it go; then it is uncordoned. ' +
    'Without HOST, all hosts of the cluster, as many at a time as --max-unavailable allows.',
  arguments: [
    name,
    { name: 'HOST', text: 'name or address of a host', optional: true, many: true, completes: 'hosts' },
  ],
  options: beginOptions,
  examples: [
    'commctl cluster drain web 192.0.2.10',
    'commctl cluster drain web 192.0.2.10 192.0.2.11 --plan',
  ],
  run: async (session) => {
    const { parsed } = session
    const hosts = await Promise.all(parsed.many('HOST').map(addressOf))
    return begin(session, { kind: 'drain', cluster: parsed.one('NAME'), ...(hosts.length > 0 && { hosts }) })
  },
}
