/**
 * Groups the descriptions of processes into services: one entry for each service with the processes that run it.
 */
import { z } from 'zod'

const ServiceProcess = z.object({
  pid: z.int(),
  host: z.string(),
  state: z.string(),
  uptime: z.number().describe('Seconds.'),
})

const Queue = z.object({ name: z.string(), routingKeys: z.array(z.string()) })

/** A method, as its service describes it. */
const Method = z.object({
  name: z.string(),
  doc: z.string().optional(),
  arguments: z.array(
    z.object({ name: z.string(), required: z.boolean(), schema: z.looseObject({}).optional() }),
  ),
  byName: z.boolean(),
  result: z.looseObject({}).optional(),
})

const identification = { service: z.string(), version: z.string(), doc: z.string().optional() }

/** The description of one process. */
const Description = z.object({
  ...identification,
  queues: z.array(Queue),
  methods: z.array(Method),
  process: ServiceProcess,
})
type Description = z.infer<typeof Description>

/** A service and the processes that run it. */
export const ServiceOnBus = z.object({
  ...identification,
  queues: z.array(z.object({ name: z.string(), routing_keys: z.array(z.string()) })),
  methods: z.array(Method),
  processes: z.array(ServiceProcess),
})
export type ServiceOnBus = z.infer<typeof ServiceOnBus>

/** Returns the services in these replies, by name. Replies that are not descriptions are ignored. */
export function servicesIn(answers: readonly unknown[]): ServiceOnBus[] {
  const services = new Map<string, ServiceOnBus>()
  for (const answer of answers) {
    const { success, data } = Description.safeParse(answer)
    if (success) add(services, data)
  }
  const all = Array.from(services.values())
  for (const { processes } of all) processes.sort((a, b) => a.host.localeCompare(b.host) || a.pid - b.pid)
  return all.sort((a, b) => a.service.localeCompare(b.service) || a.version.localeCompare(b.version))
}

/** Two versions of a service, which exist during an upgrade, are two entries. */
function add(services: Map<string, ServiceOnBus>, { process, queues, ...rest }: Description): void {
  const keys = queues.map(({ name, routingKeys }) => ({ name, routing_keys: routingKeys }))
  const id = JSON.stringify([rest.service, rest.version, queues])
  const known = services.get(id) ?? { ...rest, queues: keys, processes: [] }
  known.processes.push(process)
  services.set(id, known)
}
