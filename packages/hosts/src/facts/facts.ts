/** The facts of a host. They are plain data and may be stored as JSON. */
import type { Family } from './family.ts'
import type { ImageState } from './image.ts'
import type { OsRelease } from './os-release.ts'
import type { RebootNeed } from './reboot-need.ts'
import type { Disk, FileSystem } from './storage.ts'

/** How much we may do on the host. */
export interface Privilege {
  readonly level: 'root' | 'sudo' | 'none'
  /** Why there is none. */
  readonly reason: string | undefined
}

/** A container runtime, or a part of one, that is installed. */
export interface Runtime {
  readonly name: string
  /** What the init system says: `active`, `inactive`, `failed` … or `unknown`. */
  readonly state: string
}

/** What systemd says about the boot; all of it undefined or empty on other init systems. */
export interface SystemdState {
  readonly state: string | undefined
  readonly failedUnits: readonly string[]
  /** Microseconds since the kernel started until user space did; another one after a soft reboot. */
  readonly userspaceStart: number | undefined
  readonly softReboots: number | undefined
}

/** A host as it told of itself. */
export interface Facts {
  readonly address: string
  readonly hostKey: string
  /** The name for the model: `fedora`, `rhel`, `debian`, `atomic` … */
  readonly osName: string
  readonly os: OsRelease
  /** How this system is kept up to date; undefined when we do not know. */
  readonly family: Family | undefined
  readonly kernel: string
  readonly arch: string
  readonly name: string
  /** Clones share it, and some images have none. */
  readonly machineId: string | undefined
  readonly bootId: string
  /** Seconds since 1970. */
  readonly bootTime: number | undefined
  /** Seconds. */
  readonly uptime: number
  readonly cpus: number
  /** Kilobytes. */
  readonly memory: { readonly total: number; readonly available: number | undefined }
  readonly fileSystems: readonly FileSystem[]
  readonly disks: readonly Disk[]
  /** `none`, `kvm`, `systemd-nspawn` …, `vm` when only that much is known; undefined when nothing is. */
  readonly virtualization: string | undefined
  readonly vendor: string | undefined
  /** The name of process 1. */
  readonly init: string | undefined
  readonly systemd: SystemdState | undefined
  readonly isOstree: boolean
  readonly isRootReadOnly: boolean
  readonly image: ImageState | undefined
  /** Package managers that are there, in our order of preference. */
  readonly managers: readonly string[]
  /** Programs that drive updates by themselves and are running: zincati, rebootmgr. */
  readonly drivers: readonly string[]
  readonly user: string
  readonly privilege: Privilege
  readonly runtimes: readonly Runtime[]
  /** How many people are logged in on a terminal. */
  readonly sessions: number
  /** Lock files of package managers that are held right now. */
  readonly locks: readonly string[]
  /** Unprivileged logins are refused: the host starts or goes down. */
  readonly isNoLogin: boolean
  readonly rebootNeed: RebootNeed
  readonly probe: {
    /** Seen from here, on an open connection. */
    readonly ms: number
    /** What of it the probe took on the host, to ten milliseconds. */
    readonly hostMs: number
    /** The rest: the network and the start of the user's login shell. */
    readonly overheadMs: number
  }
}

/** The attributes of the Host model that facts fill. Memory and space are kilobytes. */
export function hostFields(facts: Facts): { os: string; cpus: number; memory: number; space: number } {
  const byDevice = new Map(facts.fileSystems.map((fs) => [fs.device, fs.size]))
  const space = [...byDevice.values()].reduce((sum, size) => sum + size, 0)
  return { os: facts.osName, cpus: facts.cpus, memory: facts.memory.total, space }
}
