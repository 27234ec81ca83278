/**
 * Converts the options of a container manager to a KubeConfig of the official client.
 *
 * Every container manager gets a KubeConfig of its own. The client keeps tokens by the user's name within a KubeConfig,
 * so that sharing one between clusters would show the token of one to another whose user has the same name.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { type Cluster, KubeConfig, type User } from '@kubernetes/client-node'
import { type ContainerManagerOptions, verifiesTls } from '@commissaire/models'

/** Where a pod finds the credentials of its service account. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Reads the credentials; throws when a file cannot be read or names no cluster. */
export function kubeConfigOf(options: ContainerManagerOptions): KubeConfig {
  if (options.kubeconfig) return fromFile(options.kubeconfig, options)
  return options.in_cluster ? inCluster(options) : fromOptions(options)
}

function fromFile(path: string, options: ContainerManagerOptions): KubeConfig {
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromFile(path)
  if (options.context) kubeConfig.setCurrentContext(options.context)
  const names = kubeConfig.getContexts().map(({ name }) => name)
  const wanted = kubeConfig.getCurrentContext()
  if (!names.includes(wanted))
    throw new Error(`there is no context "${wanted}" in it; contexts: ${names.join(', ') || 'none'}`)
  if (!kubeConfig.getCurrentCluster()) throw new Error(`its context "${wanted}" names no cluster that it has`)
  return kubeConfig
}

function inCluster(options: ContainerManagerOptions): KubeConfig {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = process.env
  if (!host) throw new Error('KUBERNETES_SERVICE_HOST is not set; is this running in a pod?')
  const folder = options.service_account_path ?? SERVICE_ACCOUNT
  return fromOptions({
    server_url: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    certificate_ca_path: join(folder, 'ca.crt'),
    token_path: join(folder, 'token'),
    ...(options.verify_tls === undefined ? {} : { verify_tls: options.verify_tls }),
  })
}

function fromOptions(options: ContainerManagerOptions): KubeConfig {
  const { certificate_path, certificate_key_path, certificate_ca_path, token_path } = options
  // The client reads them at the first call; a wrong path is to be told at once.
  for (const path of [certificate_path, certificate_key_path, certificate_ca_path, token_path])
    if (path) readFileSync(path)
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromClusterAndUser(clusterOf(options), userOf(options))
  return kubeConfig
}

/** The client insists on being told that plain http verifies nothing. */
function clusterOf(options: ContainerManagerOptions): Cluster {
  const { server_url: server = '', certificate_ca_path: caFile } = options
  const skipTLSVerify = !verifiesTls(options) || server.startsWith('http:')
  return { name: 'cluster', server, skipTLSVerify, ...(caFile ? { caFile } : {}) }
}

/** A token's file is read again every minute, as service accounts' tokens are renewed in place. */
function userOf({
  token,
  token_path,
  certificate_path,
  certificate_key_path,
}: ContainerManagerOptions): User {
  return {
    name: 'user',
    ...(token ? { token } : {}),
    ...(token_path ? { authProvider: { name: 'tokenFile', config: { tokenFile: token_path } } } : {}),
    ...(certificate_path ? { certFile: certificate_path } : {}),
    ...(certificate_key_path ? { keyFile: certificate_key_path } : {}),
  }
}
