/**
 * How models look from outside: in answers, and in the document that describes them.
 */
import { attributesOf, Cluster, Host, type ModelDefinition, models, name, address } from '@commissaire/models'
import { z } from 'zod'

/** The schemas that the document names, so that each is described once. */
export const namedSchemas = z.registry<{ id?: string | undefined }>()

/** What an answer holds. Answers are made by us, so their schemas describe and do not check. */
export type View = z.ZodType<Record<string, unknown>>

/** A model without its hidden attributes. */
function viewOf(definition: ModelDefinition): View {
  const shown = attributesOf(definition).filter((attribute) => !definition.hidden.includes(attribute))
  const shape = Object.fromEntries(
    shown.map((attribute) => [attribute, definition.schema.shape[attribute] ?? z.unknown()]),
  )
  return named(definition.name, z.object(shape))
}

function named(id: string, schema: View): View {
  namedSchemas.add(schema, { id })
  return schema
}

/** What answers show of each model. */
export const views = {
  Host: viewOf(Host),
  HostCreds: viewOf(models.HostCreds),
  HostStatus: viewOf(models.HostStatus),
  Cluster: viewOf(Cluster),
  ClusterDeploy: viewOf(models.ClusterDeploy),
  ClusterUpgrade: viewOf(models.ClusterUpgrade),
  ClusterRestart: viewOf(models.ClusterRestart),
  Network: viewOf(models.Network),
  ContainerManagerConfig: viewOf(models.ContainerManagerConfig),
} as const

/** A cluster as `GET` shows it: with its hosts, and how many of them there are. */
export const ClusterWithHosts = named(
  'ClusterWithHosts',
  z.object({
    ...Cluster.schema.shape,
    hosts: z.object({ total: z.int(), available: z.int(), unavailable: z.int() }),
    reboot_needed: z.object({ yes: z.int(), no: z.int(), unknown: z.int(), not_applicable: z.int() }),
  }),
)

/** What preparing a host would do. */
export const HostPlan = named(
  'HostPlan',
  z.object({
    address,
    cluster: z.string().describe('For which cluster it would be prepared; empty for none.'),
    profile: z.string().describe('What it would be prepared for.'),
    steps: z.array(
      z.object({
        name: z.string(),
        state: z.enum(['done', 'would_do', 'not_for_this_host', 'blocked']),
        action: z.string().describe('What would be done.'),
        reason: z.string().describe('What was found, or why the step is not for this host.'),
      }),
    ),
  }),
)

/** An answer that says: done, and there is nothing to show. */
export const Nothing = z.tuple([]).describe('Done; an empty list.')

/** Names of things. */
export const Names = z.array(z.string())

/** The parameter of paths that name something. */
export const NamePath = z.object({ name })

/** The parameter of paths that name a host. */
export const AddressPath = z.object({ address })
