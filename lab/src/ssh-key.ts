/**
 * Keys as `ssh-keygen` makes them: the one that opens every host of a lab, and the one by which each host is known.
 */
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './command.ts'

/** Where a host keeps its key, below its root. */
export const hostKeyPath = '/etc/ssh/ssh_host_ed25519_key'

/** Makes an Ed25519 key without passphrase in place of what is there; returns the public half. */
export async function makeKey(file: string, comment: string): Promise<string> {
  await Promise.all([rm(file, { force: true }), rm(`${file}.pub`, { force: true })])
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file])
  return readFile(`${file}.pub`, 'utf8')
}

/** The private key that opens the hosts of the lab in this folder. */
export function privateKeyFile(folder: string): string {
  return join(folder, 'key')
}

/** The keys of the lab's hosts, in the form of OpenSSH's `known_hosts`. */
export function knownHostsFile(folder: string): string {
  return join(folder, 'known_hosts')
}
