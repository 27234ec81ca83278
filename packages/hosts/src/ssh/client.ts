/** The SSH library, loaded when somebody first connects: a program that only starts has no need of it yet. */
import type ssh2 from 'ssh2'

/** What the library exports. */
export type Ssh2 = typeof ssh2

/** Loads it, once. */
export async function loadSsh2(): Promise<Ssh2> {
  return (await import('ssh2')).default
}
