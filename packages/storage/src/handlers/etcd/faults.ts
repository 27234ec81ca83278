/**
 * Translates errors of etcd and gRPC, and determines which of them prove that nothing was done.
 */
import { BusError } from '@commissaire/bus'
import { StoreFault, type StoreFaultKind } from '../../faults.ts'

/** Whether the request surely never reached a server, so that it may be sent again. */
export function wasNeverSent(error: unknown): boolean {
  return neverSent.test(text(error))
}

/** Whether a server could not be reached or did not answer, so that another one may be tried. */
export function isUnreachable(error: unknown): boolean {
  return unreachable.test(nameOf(error)) || wasNeverSent(error)
}

const neverSent =
  /No connection established|Name resolution failed|Channel closed before call started|no leader/i
const unreachable = /^GRPC(Unavailable|DeadlineExceeded|Cancelled|Internal|Unknown)Error$/

const faults: [pattern: RegExp, kind: StoreFaultKind, cause: string][] = [
  [
    /database space exceeded/,
    'full',
    'its space is used up. Nothing was changed; compact and defragment it, then: etcdctl alarm disarm',
  ],
  [
    /invalid user ID or password|user name is empty|authentication is not enabled|invalid auth token/,
    'refused',
    'it does not know this user and password; check "username" and "password"',
  ],
  [
    /permission denied/,
    'refused',
    'this user may not do that; grant it read and write for the prefix /commissaire/',
  ],
  [
    /too many operations/,
    'refused',
    'it does not take so many models in one save; save fewer at once, or start it with a larger --max-txn-ops',
  ],
  [
    /request is too large|message larger than max/,
    'refused',
    'it does not take so much in one save; save less at once, or start it with a larger --max-request-bytes',
  ],
  [
    /certificate|self.signed|altnames|alert|SSL|TLS|EPROTO/i,
    'unreachable',
    'it and we do not accept each other’s certificates; check "certificate_ca_path", "certificate_path" and the names in its certificate',
  ],
]

/** The error as a StoreFault; `what` says what was tried, `sent` whether a write may have been done all the same. */
export function translate(error: unknown, what: string, { maybeDone }: { maybeDone: boolean }): BusError {
  if (error instanceof BusError) return error
  const message = text(error)
  const [, kind, cause] = faults.find(([pattern]) => pattern.test(message)) ?? []
  const detail = `(${message})`
  if (kind && cause) return new StoreFault(kind, `${what}: ${cause} ${detail}`, { cause: error })
  if (!isUnreachable(error)) return new StoreFault('unwritable', `${what}: ${message}`, { cause: error })
  const doubt = maybeDone ? 'Whether the change was made is not known; read it again. ' : ''
  const reached = `it does not answer. ${doubt}See that it runs and has a quorum; we go on trying at every request`
  return new StoreFault('unreachable', `${what}: ${reached} ${detail}`, { cause: error })
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.constructor.name : ''
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
