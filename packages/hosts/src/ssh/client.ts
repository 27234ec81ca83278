/** Loads the SSH library at the first connection, which keeps the start of a program short. */
import type ssh2 from 'ssh2'

/** What the library exports. */
export type Ssh2 = typeof ssh2

/** Loads it, once. */
export async function loadSsh2(): Promise<Ssh2> {
  return (await import('ssh2')).default
}
