/** The error for an action that a family of systems does not support. */
import { HostError } from '../errors.ts'

/** Deploying a version where only packages have versions. */
export function noDeploy(family: string): never {
  throw new HostError(
    'not_supported',
    `A host kept by ${family} has no versions of the whole system to deploy`,
    {
      remedy: 'Use upgrade here; deploy is for hosts that boot images, by rpm-ostree or bootc',
    },
  )
}
