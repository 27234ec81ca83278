/** Handles requests of the API server double for objects and lists. */
import { type Answer, conflict, notFound, refuse } from './answer.ts'
import { type ApiObject, groupVersion, keyOf, type Resource, resources, versionsOf } from './api-object.ts'
import type { ClusterDouble } from './cluster-double.ts'
import { evict } from './eviction.ts'
import { patched } from './patch.ts'
import type { Checked, CheckBody } from './schema.ts'
import { selects } from './selector.ts'

/** A request as it came in. */
export interface Call {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly contentType: string
  /** What its JSON says; undefined for none. */
  readonly body: unknown
}

/** What a path is about. */
export interface Target {
  readonly resource: Resource
  readonly version: string
  readonly namespace: string
  readonly name: string
  readonly subresource: string
}

const NODE_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

const pathShape =
  /^\/(?:api|apis\/(?<group>[^/]+))\/(?<version>[^/]+)(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<plural>[^/]+)(?:\/(?<name>[^/]+)(?:\/(?<subresource>[^/]+))?)?$/

/** What a path is about, if the double knows it. */
export function targetOf(path: string): Target | undefined {
  const {
    group = '',
    version = '',
    namespace = '',
    plural,
    name = '',
    subresource = '',
  } = pathShape.exec(path)?.groups ?? {}
  const resource = resources.find((each) => each.group === group && each.name === plural)
  if (!resource || !versionsOf(resource.group).includes(version)) return undefined
  return { resource, version, namespace, name: decodeURIComponent(name), subresource }
}

/** Answers requests about the objects of a cluster. */
export class Requests {
  readonly #cluster: ClusterDouble
  readonly #check: CheckBody

  constructor(cluster: ClusterDouble, check: CheckBody) {
    this.#cluster = cluster
    this.#check = check
  }

  /** The answer to anything but a watch. */
  answer(call: Call, target: Target): Answer {
    const { resource, name, subresource } = target
    const verb = [call.method, name ? 'one' : 'all', subresource].filter(Boolean).join(' ')
    if (verb === 'GET all') return this.#list(call, target)
    if (verb === 'GET one') return this.#read(target)
    if (verb === 'POST one eviction' && resource.name === 'pods') return this.#evict(call, target)
    if (verb === 'DELETE one') return this.#delete(call, target)
    if (resource.name !== 'nodes') return notAllowed(call)
    if (verb === 'POST all') return this.#create(call)
    return verb === 'PATCH one' ? this.#patch(call, target) : notAllowed(call)
  }

  #list({ query }: Call, { resource, version, namespace }: Target): Answer {
    const all = this.#cluster
      .list(resource.name)
      .filter((object) => (!namespace || object.metadata.namespace === namespace) && selects(query, object))
    const start = Number(query.get('continue') ?? 0)
    const end = start + Number(query.get('limit') || all.length)
    const more = end < all.length ? { continue: String(end), remainingItemCount: all.length - end } : {}
    const apiVersion = groupVersion(resource.group, version)
    const metadata = { resourceVersion: this.#cluster.revision, ...more }
    const items = all.slice(start, end).map((object) => shown(object, resource, apiVersion))
    return [200, { apiVersion, kind: `${resource.kind}List`, metadata, items }]
  }

  #read(target: Target): Answer {
    const { resource, version, name } = target
    const object = this.#cluster.get(resource.name, keyIn(target))
    return object
      ? [200, shown(object, resource, groupVersion(resource.group, version))]
      : notFound(resource.name, name)
  }

  #create({ body, contentType, query }: Call): Answer {
    if (!contentType.startsWith('application/json'))
      return refuse(415, 'UnsupportedMediaType', { message: 'not JSON' })
    const fault = this.#check('Node', body) ?? nameFault(body)
    if (fault !== undefined) return invalid('Node', fault)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it was checked against the definition
    const { metadata } = body as ApiObject
    const node: ApiObject = { apiVersion: 'v1', kind: 'Node', metadata, spec: {}, status: { conditions: [] } }
    if (this.#cluster.get('nodes', keyOf(node)))
      return refuse(409, 'AlreadyExists', { message: `nodes "${metadata.name}" already exists` })
    return [201, isDryRun(query) ? node : this.#cluster.put('nodes', node)]
  }

  #patch({ body, contentType, query }: Call, target: Target): Answer {
    const { name } = target
    const node = this.#cluster.get('nodes', keyIn(target))
    if (!node) return notFound('nodes', name)
    const result = patched(node, body, contentType)
    if (!result)
      return refuse(415, 'UnsupportedMediaType', { message: `"${contentType}" is no way to patch` })
    const fault = this.#check('Node', result)
    if (fault !== undefined) return invalid('Node', fault)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it was checked against the definition
    const changed = result as ApiObject
    if (changed.metadata.resourceVersion !== node.metadata.resourceVersion) return conflict('nodes', name)
    return [200, isDryRun(query) ? changed : this.#cluster.put('nodes', changed)]
  }

  #evict({ body }: Call, target: Target): Answer {
    const fault = this.#check('Eviction', body) ?? evictionFault(body, target)
    if (fault !== undefined) return invalid('Eviction', fault)
    return evict(this.#cluster, keyIn(target), { dryRun: JSON.stringify(body).includes('"dryRun":["All"]') })
  }

  #delete({ body, query }: Call, target: Target): Answer {
    const { resource, name } = target
    const fault = body === undefined ? undefined : this.#check('DeleteOptions', body)
    if (fault !== undefined) return invalid('DeleteOptions', fault)
    const object = this.#cluster.get(resource.name, keyIn(target))
    if (!object) return notFound(resource.name, name)
    if (!isDryRun(query)) {
      if (resource.name === 'pods') this.#cluster.terminate(keyIn(target))
      else this.#cluster.remove(resource.name, keyIn(target))
    }
    const details = { name, kind: resource.name, uid: object.metadata.uid }
    return [200, { apiVersion: 'v1', kind: 'Status', status: 'Success', metadata: {}, details }]
  }
}

/** The object as it looks in a version of its group. */
export function shown(object: ApiObject, { kind }: Resource, apiVersion: string): ApiObject {
  return { ...object, apiVersion, kind }
}

function keyIn({ resource, namespace, name }: Target): string {
  return `${resource.namespaced ? namespace : ''}/${name}`
}

function isDryRun(query: URLSearchParams): boolean {
  return query.get('dryRun') === 'All'
}

function nameFault(body: unknown): string | undefined {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it was checked against the definition
  const { name } = (body as Partial<ApiObject>).metadata ?? {}
  if (name === undefined) return 'metadata.name: Required value'
  return NODE_NAME.test(name) ? undefined : `metadata.name: Invalid value: "${name}"`
}

/** It names the pod of its path, in a version that there is. */
function evictionFault(body: unknown, { name, namespace }: Target): string | undefined {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it was checked against the definition
  const { apiVersion = 'policy/v1', kind = 'Eviction', metadata } = body as Partial<ApiObject>
  if (kind !== 'Eviction' || !['policy/v1', 'policy/v1beta1'].includes(apiVersion))
    return `it is a ${kind} of ${apiVersion}`
  if (metadata?.name !== name) return `metadata.name: "${metadata?.name}" is not "${name}"`
  return (metadata.namespace ?? namespace) === namespace
    ? undefined
    : 'metadata.namespace is not that of the path'
}

function invalid(kind: Checked, fault: string): Answer {
  return refuse(422, 'Invalid', { message: `${kind} is invalid: ${fault}` })
}

function notAllowed({ method, path }: Call): Answer {
  return refuse(405, 'MethodNotAllowed', { message: `the double does not know ${method} ${path}` })
}
