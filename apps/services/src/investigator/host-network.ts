/** Derives the configuration of flannel on a host from its network: endpoints, the key, and certificates to copy. */
import { readFile } from 'node:fs/promises'
import type { Requester } from '@commissaire/bus'
import type { HostNetwork, NetworkCertificates } from '@commissaire/hosts'
import { defaultNetwork, type Network } from '@commissaire/models'
import { z } from 'zod'

/** The etcd servers as hosts reach them. The paths are those of files on the investigator's machine. */
export interface EtcdForHosts {
  readonly endpoints: readonly string[]
  /** The key that flannel stores its network under. */
  readonly prefix?: string | undefined
  readonly caPath?: string | undefined
  readonly certificatePath?: string | undefined
  readonly certificateKeyPath?: string | undefined
}

/** Where an etcd is looked up, besides the network itself. */
export interface NetworkDeps {
  readonly requester: Requester
  readonly etcd?: EtcdForHosts
}

/** The key that is configured on hosts unless another is given. */
export const defaultPrefix = '/atomic01/network'

const list = z.preprocess(
  (given) => (typeof given === 'string' ? given.split(',').map((url) => url.trim()) : given),
  z.array(z.string().regex(/^https?:\/\/[^\s"'$`\\,]+$/)),
)
const Options = z.looseObject({
  endpoints: list.optional(),
  prefix: z
    .string()
    .regex(/^\/[\w./-]+$/)
    .optional(),
  address: z.string().optional(),
})

/** Returns the configuration of a host of this network or, if it is incomplete, the reason. */
export async function networkFor(network: Network, deps: NetworkDeps): Promise<HostNetwork> {
  const options = Options.safeParse(network.options)
  if (!options.success) return incomplete(network, 'its "endpoints" must be URLs, and its "prefix" a path')
  const { endpoints, prefix, address = '' } = options.data
  const known = deps.etcd?.endpoints.length ? deps.etcd : await etcdOfStorage(deps.requester)
  try {
    if (network.type === 'flannel_server')
      return { kind: 'flannel_server', address, certificates: await certificatesOf(deps.etcd) }
    const urls = endpoints ?? known?.endpoints ?? []
    if (urls.length === 0) return withoutEtcd(network)
    const isSecure = urls.some((url) => url.startsWith('https:'))
    const certificates = isSecure ? await certificatesOf(known ?? deps.etcd) : {}
    const key = prefix ?? deps.etcd?.prefix ?? defaultPrefix
    return { kind: 'flannel_etcd', endpoints: urls, prefix: key, certificates }
  } catch (error) {
    return incomplete(network, `a certificate for it cannot be read here: ${String(error)}`)
  }
}

/** The default network always exists and has this type, even if nobody uses flannel: a host without it is complete. */
function withoutEtcd(network: Network): HostNetwork {
  const why = 'no etcd is known: give the network "endpoints", or set "etcd_endpoints" in investigator.conf'
  if (network.name === defaultNetwork.name) return { kind: 'none', why }
  return incomplete(network, why)
}

function incomplete({ name }: Network, why: string): HostNetwork {
  return { kind: 'incomplete', why: `network "${name}": ${why}` }
}

async function certificatesOf(etcd: EtcdForHosts | undefined): Promise<NetworkCertificates> {
  const read = async (path: string | undefined) => (path ? readFile(path, 'utf8') : undefined)
  return {
    ca: await read(etcd?.caPath),
    certificate: await read(etcd?.certificatePath),
    key: await read(etcd?.certificateKeyPath),
  }
}

const Handlers = z.array(
  z.looseObject({
    handler_type: z.string(),
    config: z.looseObject({
      server_url: list.optional(),
      certificate_ca_path: z.string().optional(),
      certificate_path: z.string().optional(),
      certificate_key_path: z.string().optional(),
    }),
  }),
)

/** The etcd that models are stored in, if they are. A Python peer names the handler by its class. */
async function etcdOfStorage(requester: Requester): Promise<EtcdForHosts | undefined> {
  const described = Handlers.safeParse(await requester.request('storage.list_store_handlers'))
  const handlers = described.success ? described.data : []
  const found = handlers.find(({ handler_type }) => /^(commissaire\.storage\.)?etcd/i.test(handler_type))
  if (!found?.config.server_url) return undefined
  const { server_url, certificate_ca_path, certificate_path, certificate_key_path } = found.config
  return {
    endpoints: server_url,
    caPath: certificate_ca_path,
    certificatePath: certificate_path,
    certificateKeyPath: certificate_key_path,
  }
}
