/**
 * The schemas of responses and path parameters, as the routes use them and the OpenAPI document describes them.
 */
import {
  address,
  attributesOf,
  Cluster,
  Host,
  type ModelDefinition,
  models,
  name,
  OperationHost,
  operationKindNames,
  RolloutPolicy,
} from '@commissaire/models'
import { z } from 'zod'

/** The schemas with a name in the OpenAPI document, so that each is described once. */
export const namedSchemas = z.registry<{ id?: string | undefined }>()

/** The schema of a response body. It documents the response; responses are not validated. */
export type View = z.ZodType<Record<string, unknown>>

/** Returns the schema of a model without its hidden attributes. */
function viewOf(definition: ModelDefinition): View {
  return named(definition.name, z.object(shownOf(definition)))
}

function shownOf({ schema, hidden, ...rest }: ModelDefinition): Record<string, z.ZodType> {
  const shown = attributesOf({ schema, hidden, ...rest }).filter((attribute) => !hidden.includes(attribute))
  return Object.fromEntries(shown.map((attribute) => [attribute, schema.shape[attribute] ?? z.unknown()]))
}

function named(id: string, schema: View): View {
  namedSchemas.add(schema, { id })
  return schema
}

/** The policy of an operation. */
export const Policy = RolloutPolicy.register(namedSchemas, { id: 'RolloutPolicy' })

/** The responses for each model. */
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
  Operation: viewOf(models.Operation),
} as const

/** A cluster as `GET` returns it, with the counts of its hosts. */
export const ClusterWithHosts = named(
  'ClusterWithHosts',
  z.object({
    ...Cluster.schema.shape,
    hosts: z.object({ total: z.int(), available: z.int(), unavailable: z.int() }),
    reboot_needed: z.object({ yes: z.int(), no: z.int(), unknown: z.int(), not_applicable: z.int() }),
  }),
)

/** The plan of the bootstrap of a host. */
export const HostPlan = named(
  'HostPlan',
  z.object({
    address,
    cluster: z.string().describe('The cluster that determines the profile; empty for none.'),
    profile: z.string().describe('The bootstrap profile.'),
    steps: z.array(
      z.object({
        name: z.string(),
        state: z.enum(['done', 'would_do', 'not_for_this_host', 'blocked']),
        action: z.string().describe('The action that would be taken.'),
        reason: z.string().describe('What was found, or why the step does not apply to this host.'),
      }),
    ),
  }),
)

const { journal, ...memberShape } = OperationHost.schema.shape

/** An operation with its hosts, in order of their position. */
export const OperationWithMembers = named(
  'OperationWithMembers',
  z.object({
    ...shownOf(models.Operation),
    requests: models.Operation.schema.shape.requests,
    members: z.array(named('OperationMember', z.object(memberShape))),
  }),
)

/** A host of an operation with the output of its commands. */
export const OperationHostWithOutput = named(
  'OperationHostWithOutput',
  z.object({
    ...memberShape,
    journal,
    output: z.array(z.string()).describe('The last lines of the output of its commands.'),
    dropped: z.int().describe('The number of earlier lines.'),
  }),
)

const Finding = named(
  'OperationFinding',
  z.object({
    code: z.string(),
    severity: z.enum(['blocks', 'warns']),
    message: z.string().describe('What was found.'),
    remedy: z.string().describe('What to do about it.'),
    address: z.string().optional().describe('The host that the finding is about.'),
  }),
)

/** The plan of an operation. */
export const OperationPlan = named(
  'OperationPlan',
  z.object({
    kind: z.enum(operationKindNames),
    cluster: z.string(),
    hosts: z.array(
      z.object({
        address,
        zone: z.string(),
        begins: z.string().describe('When its turn would begin.'),
        ends: z.string().describe('When its turn would end.'),
        findings: z.array(Finding),
      }),
    ),
    left_out: z.array(z.object({ address, reason: z.string() })).describe('Hosts that would be left out.'),
    findings: z.array(Finding).describe('Findings about the operation as a whole.'),
    ends_at: z.string().describe('When the last host would be done; empty if never.'),
    stops: z.string().describe('Why it would stop before its end; empty if it would not.'),
  }),
)

/** A schedule with its next run. */
export const ScheduleWithNext = named(
  'ScheduleWithNext',
  z.object({
    ...shownOf(models.Schedule),
    next_run: z.string().describe('The next run; empty if the schedule is not enabled.'),
  }),
)

/** The response of a request without a result. */
export const Nothing = z.tuple([]).describe('An empty list.')

/** A list of names. */
export const Names = z.array(z.string())

/** The parameter of paths with a name. */
export const NamePath = z.object({ name })

/** The parameter of paths with a host. */
export const AddressPath = z.object({ address })

/** The parameter of paths with an operation. */
export const OperationPath = z.object({ id: name })
/** The parameters of paths with a host of an operation. */
export const OperationHostPath = z.object({ id: name, address })
