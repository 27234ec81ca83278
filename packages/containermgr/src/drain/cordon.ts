/**
 * Cordons and uncordons nodes, and never undoes a cordon of somebody else.
 *
 * The owner of a cordon is written to the node in the same patch. The patch contains the revision that was read, so that
 * a concurrent cordon is detected and kept.
 */
import { PatchStrategy, type V1Node } from '@kubernetes/client-node'

import { calling, hasStatus, type NodeApis } from './apis.ts'
import { DrainError } from './drain-error.ts'

/** The annotation that says who cordoned a node. */
export const CORDONED_BY = 'commissaire/cordoned-by'

/** Who we are to nodes, unless a caller says otherwise. */
export const US = 'commissaire'

/** How a node is cordoned and uncordoned. */
export interface CordonOptions {
  /** Who does it; default `commissaire`. An operation's id lets operations tell their cordons apart. */
  readonly by?: string
  readonly signal?: AbortSignal
}

/** How things stand after a cordon or an uncordon. */
export interface CordonResult {
  /** Whether the node was changed by this call. */
  readonly changed: boolean
  /** Whether the node takes no pods now. */
  readonly unschedulable: boolean
  /** Who cordoned it, as far as that is written on it; undefined for a person with kubectl. */
  readonly by: string | undefined
}

/** Somebody else has to be faster that often in a row before we give up. Kubelets write to their nodes all the time. */
const MOST_TURNS = 10

/** Has a node take no further pods. One that somebody else had cordoned stays theirs. */
export async function cordon(
  apis: NodeApis,
  name: string,
  { by = US, signal }: CordonOptions = {},
): Promise<CordonResult> {
  return change(apis, name, {
    signal,
    decide: (node) =>
      node.spec?.unschedulable === true
        ? undefined
        : { metadata: { annotations: { [CORDONED_BY]: by } }, spec: { unschedulable: true } },
  })
}

/** Takes our cordon back. One that we did not make stays, and so does a node that somebody uncordoned meanwhile. */
export async function uncordon(
  apis: NodeApis,
  name: string,
  { by = US, signal }: CordonOptions = {},
): Promise<CordonResult> {
  return change(apis, name, {
    signal,
    decide: (node) =>
      cordonedBy(node) === by
        ? { metadata: { annotations: { [CORDONED_BY]: null } }, spec: { unschedulable: null } }
        : undefined,
  })
}

/** Who cordoned the node, as far as that is written on it. */
export function cordonedBy({ metadata }: V1Node): string | undefined {
  return metadata?.annotations?.[CORDONED_BY]
}

/** The node, or a `node_unknown` error. */
export async function readNode(
  { core }: NodeApis,
  name: string,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<V1Node> {
  try {
    return await core.readNode({ name }, calling(signal))
  } catch (error) {
    throw hasStatus(error, 404) ? new DrainError('node_unknown', name, { cause: error }) : error
  }
}

interface Decision {
  readonly metadata: { readonly annotations: Record<string, string | null> }
  readonly spec: { readonly unschedulable: true | null }
}

async function change(
  apis: NodeApis,
  name: string,
  how: { signal: AbortSignal | undefined; decide: (node: V1Node) => Decision | undefined },
): Promise<CordonResult> {
  for (let turn = 1; turn <= MOST_TURNS; turn++) {
    const node = await readNode(apis, name, how)
    const decision = how.decide(node)
    if (!decision) return resultOf(node, { changed: false })
    const patched = await patch(apis, node, { signal: how.signal, decision })
    if (patched) return resultOf(patched, { changed: true })
  }
  throw new DrainError('conflict', name)
}

/** Undefined when somebody else changed the node since it was read. */
async function patch(
  { core }: NodeApis,
  { metadata }: V1Node,
  { signal, decision }: { signal: AbortSignal | undefined; decision: Decision },
): Promise<V1Node | undefined> {
  const { name = '', resourceVersion } = metadata ?? {}
  const body = { ...decision, metadata: { ...decision.metadata, resourceVersion } }
  try {
    return await core.patchNode(
      { name, body, fieldManager: US },
      calling(signal, PatchStrategy.StrategicMergePatch),
    )
  } catch (error) {
    if (hasStatus(error, 409)) return undefined
    throw error
  }
}

function resultOf(node: V1Node, { changed }: { changed: boolean }): CordonResult {
  return { changed, unschedulable: node.spec?.unschedulable === true, by: cordonedBy(node) }
}
