/** The image that an rpm-ostree or bootc system runs, and the one that is staged for its next boot. */
import { at, listAt, parseJson, textAt } from '../json.ts'
import type { Answer } from './answer.ts'

/** One deployment: an image as it lies on the host. */
export interface Deployment {
  readonly version: string | undefined
  /** The ostree commit or the image's digest: what tells two images apart. */
  readonly digest: string
  /** The image's or branch's name. */
  readonly reference: string | undefined
}

/** Which images a host has, and runs. */
export interface ImageState {
  readonly booted: Deployment
  /** What the next boot will run, when that is another. */
  readonly pending: Deployment | undefined
  /** Packages were layered onto it, so that only rpm-ostree may change it. */
  readonly isLayered: boolean
}

/** What `bootc status` says; undefined when it is not a bootc system, or we may not ask. */
export function bootcState(answer: Answer): ImageState | undefined {
  const status = at(parseJson(answer.get('image.bootc')), 'status')
  const booted = bootcDeployment(at(status, 'booted'))
  if (!booted) return undefined
  const isLayered = at(status, 'booted', 'incompatible') === true
  return { booted, pending: bootcDeployment(at(status, 'staged')), isLayered }
}

/** What `rpm-ostree status` says; undefined when it says nothing. */
export function ostreeState(answer: Answer): ImageState | undefined {
  const deployments = listAt(parseJson(answer.get('image.rpm-ostree')), 'deployments')
  const [next] = deployments
  const booted = deployments.find((entry) => at(entry, 'booted') === true)
  if (!booted) return undefined
  const pending = next === booted ? undefined : ostreeDeployment(next)
  return { booted: ostreeDeployment(booted), pending, isLayered: listAt(booted, 'packages').length > 0 }
}

function bootcDeployment(entry: unknown): Deployment | undefined {
  const digest = textAt(entry, 'image', 'imageDigest')
  if (!digest) return undefined
  return {
    version: textAt(entry, 'image', 'version'),
    digest,
    reference: textAt(entry, 'image', 'image', 'image'),
  }
}

function ostreeDeployment(entry: unknown): Deployment {
  return {
    version: textAt(entry, 'version'),
    digest:
      textAt(entry, 'container-image-reference-digest') ??
      textAt(entry, 'base-checksum') ??
      textAt(entry, 'checksum') ??
      '',
    reference: textAt(entry, 'container-image-reference') ?? textAt(entry, 'origin'),
  }
}
