/**
 * The steps that make flannel join a host to its cluster's network: the package, its certificates, its configuration.
 *
 * The certificates lie where they always did, in `/etc/etcd`. The configuration says everything twice: as the packages'
 * own units want it (`FLANNEL_…`), and as flanneld reads it by itself (`FLANNELD_…`).
 */
import type { Facts } from '../facts/facts.ts'
import type { Family } from '../facts/family.ts'
import { fileStep, type HostFile } from './file.ts'
import type { FlannelNetwork, HostNetwork, NetworkCertificates } from './network.ts'
import { installed } from './packages.ts'
import { repositoryFor } from './repositories.ts'
import { runningService } from './service.ts'
import { notHere, type Step } from './step.ts'

/** The service's name. */
export const flanneld = 'flanneld'

const places = {
  ca: { path: '/etc/etcd/cacert.pem', mode: '644', name: "etcd's CA is there" },
  certificate: {
    path: '/etc/etcd/client.crt',
    mode: '644',
    name: 'the client certificate for etcd is there',
  },
  key: { path: '/etc/etcd/key.crt', mode: '600', name: 'the key of the client certificate is there' },
} as const

/** The steps; one that says why, where there is to be no flannel. */
export function flannelSteps(facts: Facts, network: HostNetwork): readonly Step[] {
  if (network.kind === 'none') return [notHere('flannel joins the host to a network', network.why)]
  if (network.kind === 'incomplete') return [{ name: 'the network is known', check: async () => network.why }]
  return [
    repositoryFor(facts, 'flannel'),
    installed(facts, 'flannel'),
    ...certificateSteps(network.certificates ?? {}),
    ...configurationSteps(facts, network),
    runningService(facts, flanneld),
  ]
}

function certificateSteps(certificates: NetworkCertificates): readonly Step[] {
  const kinds = ['ca', 'certificate', 'key'] as const
  if (kinds.every((kind) => !certificates[kind]))
    return [notHere('certificates for etcd are there', 'none are configured: the network is not on TLS')]
  return kinds.flatMap((kind) => {
    const content = certificates[kind]
    const { path, mode, name } = places[kind]
    return content ? [fileStep(name, { path, mode, content, service: flanneld })] : []
  })
}

function configurationSteps(facts: Facts, network: FlannelNetwork): readonly Step[] {
  const path = configurationPath(facts.family)
  const isExported = facts.family === 'apk'
  const content = flannelConfiguration(network, { isExported })
  const step = fileStep('flannel is configured', { path, content, service: flanneld })
  const dropIn = 'flanneld reads its configuration'
  if (!facts.systemd) return [step, notHere(dropIn, 'only a unit of systemd has to be told')]
  if (path.startsWith('/etc/sysconfig')) return [step, notHere(dropIn, `its unit reads ${path} by itself`)]
  return [step, fileStep(dropIn, unitReading(path))]
}

function configurationPath(family: Family | undefined): string {
  if (family === 'apt') return '/etc/default/flanneld'
  return family === 'apk' || family === 'pacman' ? '/etc/conf.d/flanneld' : '/etc/sysconfig/flanneld'
}

function unitReading(path: string): HostFile {
  return {
    path: '/etc/systemd/system/flanneld.service.d/commissaire.conf',
    content: `# Written by Commissaire.\n[Service]\nEnvironmentFile=${path}\n`,
    service: flanneld,
  }
}

/** The file, as a shell and as systemd read it; OpenRC hands on only what is exported. */
export function flannelConfiguration(
  network: FlannelNetwork,
  { isExported = false }: { readonly isExported?: boolean } = {},
): string {
  const settings = network.kind === 'flannel_etcd' ? etcdSettings(network) : serverSettings(network)
  const prefix = isExported ? 'export ' : ''
  const lines = Object.entries(settings).map(([name, value]) => `${prefix}${name}="${value}"`)
  return `# Written by Commissaire, and again when it is changed.\n${lines.join('\n')}\n`
}

function etcdSettings({ endpoints, prefix, certificates = {} }: FlannelNetwork & { kind: 'flannel_etcd' }) {
  const urls = endpoints.join(',')
  const files = filesOf(certificates)
  const options = Object.entries(files).map(([kind, path]) => `--etcd-${kind}=${path}`)
  return {
    // What flannel's packages called them at first.
    FLANNEL_ETCD: urls,
    FLANNEL_ETCD_KEY: prefix,
    FLANNEL_ETCD_ENDPOINTS: urls,
    FLANNEL_ETCD_PREFIX: prefix,
    ...(options.length > 0 && { FLANNEL_OPTIONS: options.join(' ') }),
    FLANNELD_ETCD_ENDPOINTS: urls,
    FLANNELD_ETCD_PREFIX: prefix,
    ...asVariables('FLANNELD_ETCD', files),
  }
}

function serverSettings({ address, certificates = {} }: FlannelNetwork & { kind: 'flannel_server' }) {
  const files = filesOf(certificates)
  const options = Object.entries(files).map(([kind, path]) => `--remote-${kind}=${path}`)
  return {
    FLANNEL_OPTIONS: [`--remote=${address}`, ...options].join(' '),
    FLANNELD_REMOTE: address,
    ...asVariables('FLANNELD_REMOTE', files),
  }
}

function filesOf({ ca, certificate, key }: NetworkCertificates): Record<string, string> {
  return {
    ...(ca && { cafile: places.ca.path }),
    ...(certificate && { certfile: places.certificate.path }),
    ...(key && { keyfile: places.key.path }),
  }
}

function asVariables(prefix: string, files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).map(([kind, path]) => [`${prefix}_${kind.toUpperCase()}`, path]),
  )
}
