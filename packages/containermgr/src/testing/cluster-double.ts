/**
 * The cluster of the API server double: its objects, and how a test changes them.
 *
 * It has no controllers: what they would do (a new pod in the place of an evicted one, a budget that has room again)
 * a test does itself, at once with `onRemoved`, or whenever it likes.
 */
import { EventEmitter } from 'node:events'

import { type ApiObject, type ApiOwner, keyOf, type Resource, resources } from './api-object.ts'
import { type Budget, budgetObject, type NodeState, nodeObject, type Pod, podObject } from './described.ts'

/** One change, as a watch tells it. */
export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: ApiObject
}

type Name = Resource['name']

/** Objects, and those who watch them. */
export class ClusterDouble {
  /** Called when a pod is gone: the place to be a controller. */
  onRemoved: ((pod: ApiObject) => void) | undefined
  /** Pods, as `namespace/name`, that terminate and stay until `finish` is called. */
  readonly lingering = new Set<string>()
  readonly #objects = new Map<Name, Map<string, ApiObject>>(resources.map(({ name }) => [name, new Map()]))
  readonly #changes = new EventEmitter().setMaxListeners(0)
  #revision = 0

  /** Makes a node, or another of that name in its place. */
  addNode(name: string, state: NodeState = {}): ApiObject {
    return this.put('nodes', nodeObject(name, state))
  }

  /** Makes a pod, and its owner where that is not there yet. */
  addPod(name: string, pod: Pod): ApiObject {
    const made = podObject(name, pod)
    const [owner] = made.metadata.ownerReferences ?? []
    if (owner && !pod.orphaned)
      owner.uid = this.#ownerNamed(owner, made.metadata.namespace).metadata.uid ?? ''
    return this.put('pods', made)
  }

  /** Makes a disruption budget. */
  addBudget(name: string, budget: Budget): ApiObject {
    return this.put('poddisruptionbudgets', budgetObject(name, budget))
  }

  /** Says how many copies a workload wants, and how many are ready. */
  setReplicas(resource: Name, key: string, { wanted, ready }: { wanted: number; ready: number }): void {
    const object = this.get(resource, key)
    if (!object) throw new TypeError(`there is no ${resource} ${key}`)
    const spec = { ...object.spec, replicas: wanted }
    const status = {
      replicas: wanted,
      readyReplicas: ready,
      desiredNumberScheduled: wanted,
      numberReady: ready,
    }
    this.put(resource, { ...object, spec, status })
  }

  /** Keeps an object as it is given, with a new revision. */
  put(resource: Name, object: ApiObject): ApiObject {
    const there = this.get(resource, keyOf(object))
    const kept = { ...object, metadata: { ...object.metadata, ...this.#stamps(object, there) } }
    this.#kept(resource).set(keyOf(kept), kept)
    this.#tell(resource, { type: there ? 'MODIFIED' : 'ADDED', object: kept })
    return kept
  }

  get(resource: Name, key: string): ApiObject | undefined {
    return this.#kept(resource).get(key)
  }

  list(resource: Name): ApiObject[] {
    return [...this.#kept(resource).values()]
  }

  /** Takes an object away at once. */
  remove(resource: Name, key: string): ApiObject | undefined {
    const object = this.get(resource, key)
    if (!object) return undefined
    this.#kept(resource).delete(key)
    this.#revision++
    this.#tell(resource, { type: 'DELETED', object })
    if (resource === 'pods') this.onRemoved?.(object)
    return object
  }

  /** Has a pod terminate: it is gone at once, unless it lingers. */
  terminate(key: string): void {
    const pod = this.get('pods', key)
    if (!pod) return
    if (!this.lingering.has(key)) this.remove('pods', key)
    else if (!pod.metadata.deletionTimestamp) {
      const deletionTimestamp = new Date().toISOString()
      this.put('pods', { ...pod, metadata: { ...pod.metadata, deletionTimestamp } })
    }
  }

  /** Lets a pod that lingered go. */
  finish(key: string): void {
    this.lingering.delete(key)
    this.remove('pods', key)
  }

  /** Hears of every change of a kind, until what it gives back is called. */
  watch(resource: Name, hear: (change: Change) => void): () => void {
    this.#changes.on(resource, hear)
    return () => this.#changes.off(resource, hear)
  }

  /** The revision of the whole. */
  get revision(): string {
    return String(this.#revision)
  }

  /** The owner that a pod names; it is made where it is not there. */
  #ownerNamed({ kind, name }: ApiOwner, namespace = 'default'): ApiObject {
    const resource = resources.find((each) => each.kind === kind)
    if (!resource) throw new TypeError(`the double knows no ${kind}`)
    const key = resource.namespaced ? `${namespace}/${name}` : `/${name}`
    const metadata = resource.namespaced ? { name, namespace } : { name }
    const status = { replicas: 1, readyReplicas: 1, desiredNumberScheduled: 1, numberReady: 1 }
    return (
      this.get(resource.name, key) ?? this.put(resource.name, { metadata, spec: { replicas: 1 }, status })
    )
  }

  #stamps(object: ApiObject, there: ApiObject | undefined): Partial<ApiObject['metadata']> {
    const { uid = crypto.randomUUID(), creationTimestamp = new Date().toISOString() } =
      there && !object.metadata.uid ? there.metadata : object.metadata
    return { uid, creationTimestamp, resourceVersion: String(++this.#revision) }
  }

  #kept(resource: Name): Map<string, ApiObject> {
    const kept = this.#objects.get(resource)
    if (!kept) throw new TypeError(`the double has no ${resource}`)
    return kept
  }

  #tell(resource: Name, change: Change): void {
    this.#changes.emit(resource, change)
  }
}
