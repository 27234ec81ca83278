/** A real kubectl against the double, over HTTPS: what it prints, and how it ends. */
import { type CertificateFolder } from '@commissaire/testing'
import { execFile, spawnSync } from 'node:child_process'

import type { ApiServerDouble } from '../src/testing/index.ts'

/** The program; another can be named to try more than one version. */
const program = process.env['KUBECTL'] ?? 'kubectl'

/** Why tests with kubectl cannot run here, if they cannot. In CI it has to be there. */
export function whyNoKubectl(): string | undefined {
  if (!spawnSync(program, ['version', '--client']).error) return undefined
  const remedy = `${program} is missing; run: apt-get install kubernetes-client`
  if (process.env['CI']) throw new Error(remedy)
  console.warn(`SKIPPED: ${remedy}`)
  return remedy
}

/** How a command ended. */
export interface Ended {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs kubectl with a kubeconfig for this server. */
export function kubectl(
  server: ApiServerDouble,
  certificates: CertificateFolder,
  words: readonly string[],
): Promise<Ended> {
  const kubeconfig = kubeconfigFor(server, certificates)
  const options = ['--kubeconfig', kubeconfig, '--cache-dir', certificates.at('kubectl-cache')]
  return new Promise((resolve) => {
    execFile(program, [...words, ...options], { timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code ?? 255) : 0, stdout, stderr })
    })
  })
}

/** A kubeconfig for this server, beside its certificates. */
export function kubeconfigFor(server: ApiServerDouble, certificates: CertificateFolder): string {
  const user = server.token === undefined ? {} : { token: server.token }
  return certificates.write(
    'kubectl.conf',
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: server.url, 'certificate-authority': 'ca.crt' } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  )
}
