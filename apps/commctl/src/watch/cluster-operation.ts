/** Reads the progress of a rolling operation from an older server: one record per cluster and kind, with the completed hosts. */
import type { Answer, Api } from '../client/api.ts'
import { Failure } from '../cli/failure.ts'
import { isObject, member, textOf, textsOf } from '../client/json-value.ts'
import type { View } from '../output/view.ts'
import { route } from '../client/route.ts'
import type { Sight, Watched } from './watch.ts'
import { type Operation, type Progress, progressOf } from './progress.ts'

/** Which operation of which cluster. */
export interface ClusterOperation {
  readonly kind: 'deploy' | 'restart' | 'upgrade'
  readonly cluster: string
  /** The operation as it was just told. */
  readonly first: unknown
  readonly view: View
}

/** What is needed to watch it. */
export function clusterOperation({ kind, cluster, first, view }: ClusterOperation): Watched {
  const title = `${kind.charAt(0).toUpperCase()}${kind.slice(1)} of ${cluster}`
  let known: Operation | undefined = isObject(first) ? first : {}
  let members: readonly string[] = []
  return {
    view,
    again: `cluster ${kind} status ${cluster} --watch`,
    first: { value: first, progress: progressOf(known, { title, members }) },
    async look(api): Promise<Sight> {
      const value = known ?? operationIn(await api.get(`${route`/cluster/${cluster}`}/${kind}`), title)
      const hosts = await api.get(route`/cluster/${cluster}/hosts`)
      known = undefined
      members = hosts.found ? textsOf(hosts.value) : members
      return { value, progress: await withReasons(progressOf(value, { title, members }), api) }
    },
  }
}

function operationIn(answer: Answer, title: string): Operation {
  if (answer.found && isObject(answer.value)) return answer.value
  throw new Failure(`${title}: there is no such operation any more. Was the cluster deleted?`)
}

/** Where the operation does not say why a host failed, the host itself may. */
async function withReasons(progress: Progress, api: Api): Promise<Progress> {
  const hosts = progress.hosts.map(async (host) => {
    if (host.state !== 'failed' || host.reason !== '') return host
    const answer = await api.get(route`/host/${host.address}`)
    const reason = answer.found ? textOf(member(answer.value, 'status_reason')) : undefined
    return { ...host, reason: reason ?? '' }
  })
  return { ...progress, hosts: await Promise.all(hosts) }
}
