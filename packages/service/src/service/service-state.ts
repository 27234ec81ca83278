/** The states of a service, in the order in which it passes through them. */

/** Where a service is in its life. It moves in one direction only. */
export type ServiceState = 'idle' | 'starting' | 'running' | 'draining' | 'closed'
