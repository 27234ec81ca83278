/** Loads the Kubernetes client on first use, as loading it takes as long as the rest of the start of a service. */
type Drain = typeof import('@commissaire/containermgr/drain')

let loaded: Drain | undefined

/** Loads the client. */
export async function loadDrain(): Promise<Drain> {
  loaded ??= await import('@commissaire/containermgr/drain')
  return loaded
}

/** The client if it is loaded, which it is wherever an API server has returned an error. */
export function drainIfLoaded(): Drain | undefined {
  return loaded
}
