/** The bootstrap profiles, and the steps of each. */
import { type BootstrapProfile, bootstrapProfiles } from '@commissaire/models'
import type { Facts } from '../facts/facts.ts'
import { containerdSteps } from './containerd.ts'
import { dockerSteps } from './docker.ts'
import { flannelSteps } from './flannel.ts'
import type { HostNetwork } from './network.ts'
import { soundSteps } from './prerequisites.ts'
import type { Step } from './step.ts'

/** The profiles; `none` installs nothing. */
export const profiles = bootstrapProfiles
/** The name of a profile. */
export type Profile = BootstrapProfile

const stepsOf: Record<Profile, (facts: Facts, network: HostNetwork) => readonly Step[]> = {
  none: () => [],
  docker: (facts, network) => [...flannelSteps(facts, network), ...dockerSteps(facts, network)],
  containerd: containerdSteps,
}

/** The steps of a profile for this host, in order. Every profile wants a sound host first. */
export function bootstrapSteps(
  facts: Facts,
  profile: Profile,
  { network = noNetwork }: { readonly network?: HostNetwork } = {},
): readonly Step[] {
  return [...soundSteps(facts), ...stepsOf[profile](facts, network)]
}

const noNetwork: HostNetwork = { kind: 'none', why: 'no network is asked for' }
