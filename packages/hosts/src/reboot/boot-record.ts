/** What is recorded about a boot before it ends, and the proof that another boot followed. */
import type { Facts, SystemdState } from '../facts/facts.ts'
import type { BootStatus } from '../facts/gather.ts'

/** One boot of one host. Plain data: a journal keeps it, and a controller that was restarted goes on from it. */
export interface BootRecord {
  readonly address: string
  readonly hostKey: string
  readonly bootId: string
  readonly bootTime: number | undefined
  readonly uptime: number
  readonly machineId: string | undefined
  readonly kernel: string
  /** The digest of the booted image, on systems that boot images. */
  readonly image: string | undefined
  readonly systemd: SystemdState | undefined
}

/** A reboot that is known to have happened. */
export interface RebootProof {
  readonly address: string
  readonly kind: 'hard' | 'soft'
  /** The boot id before. */
  readonly before: string
  /** The boot id after; after a soft reboot it is the same. */
  readonly after: string
  /** From the command to a settled host, in milliseconds. */
  readonly ms: number
  readonly kernel: { readonly before: string; readonly after: string }
  readonly image: { readonly before: string | undefined; readonly after: string | undefined }
  /** What the host tells about itself now. */
  readonly facts: Facts
}

/** The mark of the boot that these facts are of. */
export function markBoot(facts: Facts): BootRecord {
  const { address, hostKey, bootId, bootTime, uptime, machineId, kernel, systemd } = facts
  return {
    address,
    hostKey,
    bootId,
    bootTime,
    uptime,
    machineId,
    kernel,
    image: facts.image?.booted.digest,
    systemd,
  }
}

/** Whether this status belongs to another boot than the marked one. */
export function isAnotherBoot(mark: BootRecord, status: BootStatus, kind: 'hard' | 'soft'): boolean {
  if (status.bootId !== mark.bootId) return true
  return kind === 'soft' && isAnotherUserspace(mark.systemd, status.systemd)
}

/** A soft reboot keeps the kernel and its boot id; systemd counts it, or at least starts user space at another time. */
function isAnotherUserspace(before: SystemdState | undefined, now: SystemdState | undefined): boolean {
  if (!before || !now) return false
  if (before.softReboots !== undefined && now.softReboots !== undefined)
    return now.softReboots > before.softReboots
  return now.userspaceStart !== undefined && now.userspaceStart !== before.userspaceStart
}
