/** Why a host does not count as up: what is stored of it says so. */
import { type Host, isAvailableHost } from '@commissaire/models'

/** In a few words; empty where it is up. */
export function unavailableReason(host: Host | undefined): string {
  if (!host) return 'no such host is stored'
  if (isAvailableHost(host)) return ''
  return `its status is "${host.status}"${host.status_reason && ` (${host.status_reason})`}`
}
