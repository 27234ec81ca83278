/** Bootstrap steps for containerd alone, for container managers that bring their own network. */
import type { Facts } from '../facts/facts.ts'
import { installed } from './packages.ts'
import { repositoryFor } from './repositories.ts'
import { runningService } from './service.ts'
import { notHere, type Step } from './step.ts'

/** The steps; none of their actions runs where its check passes already. */
export function containerdSteps(facts: Facts): readonly Step[] {
  return [
    repositoryFor(facts, 'containerd'),
    installed(facts, 'containerd'),
    notHere(
      'flannel joins the host to a network',
      'with containerd the container manager brings the network',
    ),
    runningService(facts, 'containerd'),
  ]
}
