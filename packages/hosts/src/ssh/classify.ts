/** Translates errors of sockets and of ssh2 to the codes of the error table, by code and level and not by text. */
import { HostError, type HostErrorCode } from '../errors.ts'
import type { Target } from './target.ts'

const bySystemCode: Readonly<Record<string, HostErrorCode>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  ENOTFOUND: 'unreachable',
  EAI_AGAIN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EINVAL: 'unreachable',
  ETIMEDOUT: 'timeout',
  ECONNRESET: 'connection_lost',
  EPIPE: 'connection_lost',
}

const byLevel: Readonly<Record<string, HostErrorCode>> = {
  'client-timeout': 'timeout',
  'client-authentication': 'auth_failed',
  handshake: 'protocol',
  protocol: 'protocol',
}

interface SshError extends Error {
  readonly code?: string | number
  readonly level?: string
}

/** The code for an error of a connection attempt. */
export function codeOf(error: SshError): HostErrorCode {
  const known = typeof error.code === 'string' ? bySystemCode[error.code] : undefined
  if (known) return known
  if (error.message.startsWith('Connection lost before handshake')) return 'connection_lost'
  return byLevel[error.level ?? ''] ?? (typeof error.code === 'number' ? 'connection_lost' : 'protocol')
}

/** The error a caller sees when a connection could not be made. `accepted` tells whether the host accepted it at first. */
export function connectionError(
  error: Error,
  target: Target,
  details: { readonly accepted?: boolean } = {},
): HostError {
  return new HostError(codeOf(error), `Connecting to ${nameOf(target)}: ${error.message}`, {
    address: target.address,
    cause: error,
    details,
  })
}

/** `root@10.0.0.5 port 22`, for messages. */
export function nameOf(target: Target): string {
  return `${target.user}@${target.address} port ${target.port ?? 22}`
}
