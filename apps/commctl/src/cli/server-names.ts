/**
 * Reads names from the server for completion. It never prompts or prints, and has a short time limit; without an answer
 * there are no names.
 */
import { Api } from '../client/api.ts'
import type { Completes } from './command.ts'
import { loadSettings } from '../config/config.ts'
import { writeNames } from '../output/name.ts'

const TIME = 2000

const paths: Readonly<Record<Exclude<Completes, 'files'>, string>> = {
  clusters: '/api/v0/clusters',
  hosts: '/api/v0/hosts',
  networks: '/api/v0/networks',
  'container-managers': '/api/v0/containermanagers',
  operations: '/api/v0/operations',
  schedules: '/api/v0/schedules',
}

const keys: Partial<Readonly<Record<Completes, string>>> = { hosts: 'address', operations: 'id' }

/** The names of one kind. */
export async function serverNames(kind: Completes, config: string | undefined): Promise<string[]> {
  if (kind === 'files') return []
  const signal = AbortSignal.timeout(TIME)
  const tell = (): void => {}
  try {
    const settings = await loadSettings({
      config,
      signal,
      tell,
      interactive: false,
      environment: process.env,
    })
    const answer = await new Api(settings, { timeout: TIME, signal, tell }).get(paths[kind])
    const view = { key: keys[kind] ?? 'name', columns: [] }
    return answer.found ? writeNames(answer.value, { view }).split('\n').filter(Boolean) : []
  } catch {
    return []
  }
}
