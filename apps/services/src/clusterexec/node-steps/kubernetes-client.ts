/** What knows Kubernetes is loaded when a cluster first needs it: its client alone takes as long as the rest of a start. */
type Drain = typeof import('@commissaire/containermgr/drain')

let loaded: Drain | undefined

/** Loads it. */
export async function loadDrain(): Promise<Drain> {
  loaded ??= await import('@commissaire/containermgr/drain')
  return loaded
}

/** It, where a cluster has needed it: whoever has an error of an API server in hand has. */
export function drainIfLoaded(): Drain | undefined {
  return loaded
}
