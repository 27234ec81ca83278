/** Whether a host is available to an operation, by what is stored of it. */
import { type Host, isAvailableHost } from '@commissaire/models'

/** Returns why the host is not available, in a few words; empty if it is. */
export function unavailableReason(host: Host | undefined): string {
  if (!host) return 'no such host is stored'
  if (isAvailableHost(host)) return ''
  return `its status is "${host.status}"${host.status_reason && ` (${host.status_reason})`}`
}
