/** The image that an rpm-ostree or bootc system runs, and the one that waits for its next boot. */
import type { Answer } from './answer.ts'

/** One deployment: an image as it lies on the host. */
export interface Deployment {
  readonly version: string | undefined
  /** The ostree commit or the image's digest: what tells two images apart. */
  readonly digest: string
  /** The image's or branch's name. */
  readonly reference: string | undefined
}

export interface ImageState {
  readonly booted: Deployment
  /** What the next boot will run, when that is another. */
  readonly pending: Deployment | undefined
  /** Packages were layered onto it, so that only rpm-ostree may change it. */
  readonly isLayered: boolean
}

interface BootcEntry {
  readonly image?: {
    readonly image?: { readonly image?: string }
    readonly version?: string
    readonly imageDigest?: string
  } | null
  readonly incompatible?: boolean
}

interface OstreeEntry {
  readonly booted?: boolean
  readonly version?: string
  readonly checksum?: string
  readonly 'base-checksum'?: string
  readonly origin?: string
  readonly 'container-image-reference'?: string
  readonly 'container-image-reference-digest'?: string
  readonly packages?: readonly string[]
}

/** What `bootc status` says; undefined when it is not a bootc system, or we may not ask. */
export function bootcState(answer: Answer): ImageState | undefined {
  const status = parse<{ status?: Record<'booted' | 'staged', BootcEntry | null> }>(
    answer.get('image.bootc'),
  )?.status
  const booted = status?.booted && bootcDeployment(status.booted)
  if (!booted) return undefined
  const pending = status.staged ? bootcDeployment(status.staged) : undefined
  return { booted, pending, isLayered: status.booted?.incompatible === true }
}

/** What `rpm-ostree status` says; undefined when it says nothing. */
export function ostreeState(answer: Answer): ImageState | undefined {
  const all =
    parse<{ deployments?: readonly OstreeEntry[] }>(answer.get('image.rpm-ostree'))?.deployments ?? []
  const booted = all.find((entry) => entry.booted)
  if (!booted) return undefined
  const next = all[0]
  const pending = next && next !== booted ? ostreeDeployment(next) : undefined
  return { booted: ostreeDeployment(booted), pending, isLayered: (booted.packages?.length ?? 0) > 0 }
}

function bootcDeployment({ image }: BootcEntry): Deployment | undefined {
  if (!image?.imageDigest) return undefined
  return { version: image.version, digest: image.imageDigest, reference: image.image?.image }
}

function ostreeDeployment(entry: OstreeEntry): Deployment {
  return {
    version: entry.version,
    digest: entry['container-image-reference-digest'] ?? entry['base-checksum'] ?? entry.checksum ?? '',
    reference: entry['container-image-reference'] ?? entry.origin,
  }
}

function parse<T>(text: string | undefined): T | undefined {
  try {
    return text ? (JSON.parse(text) as T) : undefined
  } catch {
    return undefined
  }
}
