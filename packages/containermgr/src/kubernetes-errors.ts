/** Converts errors of the Kubernetes client to container manager errors with remedies. */
import { ApiException } from '@kubernetes/client-node'
import type { BusError } from '@commissaire/bus'

import { containerManagerError } from './errors.ts'

/** What was being done when it failed. */
export interface Attempt {
  readonly task: string
  readonly manager: string
  readonly server: string
  /** Why the credentials could not be read again after a refusal. */
  readonly reloadError?: string | undefined
}

/** True when the API server answered with that HTTP status. */
export function isStatus(error: unknown, status: number): boolean {
  return error instanceof ApiException && error.code === status
}

/** The container manager error for whatever went wrong; one that is already one stays as it is. */
export function faultOf(error: unknown, attempt: Attempt): BusError {
  if (isContainerManagerError(error)) return error
  const where = `Could not ${attempt.task} at container manager "${attempt.manager}" (${attempt.server})`
  const status = error instanceof ApiException ? error.code : undefined
  return containerManagerError(`${where}: ${reasonOf(error)}${reloadReason(attempt)}`, {
    cause: error,
    data: { container_manager_name: attempt.manager, ...(status === undefined ? {} : { status }) },
  })
}

function reloadReason({ reloadError }: Attempt): string {
  return reloadError === undefined ? '' : `; the credentials could not be read again: ${reloadError}`
}

function isContainerManagerError(error: unknown): error is BusError {
  return error instanceof Error && error.name === 'ContainerManager'
}

function reasonOf(error: unknown): string {
  if (error instanceof ApiException) return answered(error)
  const root = rootOf(error)
  const code = 'code' in root ? String(root.code) : root.name
  return (
    unreachable[root.name] ?? unreachable[code] ?? (/CERT|SIGN/.test(code) ? untrusted(root) : root.message)
  )
}

const unreachable: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there; is the API server running and server_url right?',
  ENOTFOUND: 'its name has no address; is server_url right?',
  ECONNRESET: 'the connection was cut; is server_url right about http and https?',
  TimeoutError: 'no answer within the time limit',
  AbortError: 'the caller gave up',
}

function untrusted(root: Error): string {
  return `its certificate is not trusted (${root.message}); set certificate_ca_path to the authority that signed it`
}

function answered(error: ApiException<unknown>): string {
  if (error.code === 401) return 'it does not know us (401); check token, client certificate or kubeconfig'
  const said = messageOf(error.body)
  const refused = error.code === 403 ? '; the account needs get, create and delete on nodes' : ''
  return `it answered ${error.code}${said ? ` ${said}` : ''}${refused}`
}

/** The `message` of a Kubernetes Status object, which the client hands over as text. */
function messageOf(body: unknown): string {
  if (typeof body !== 'string') return ''
  try {
    const { message = '' }: { message?: string } = JSON.parse(body)
    return message
  } catch {
    return body.slice(0, 200)
  }
}

function rootOf(error: unknown): Error {
  const root = error instanceof Error ? error : new Error(String(error))
  return root.cause instanceof Error ? rootOf(root.cause) : root
}
