/**
 * The lifecycle of a stored host: adding it, its membership in clusters, its readiness, and every write of its status. The rules are in `@commissaire/models`; the server and the services change hosts only by these functions.
 */
export {
  addHost,
  failHost,
  type HostKnowledge,
  type HostMove,
  moveHost,
  moveReadyHost,
  recordCheck,
  updateHost,
} from './host-writer.ts'
export {
  addMember,
  ClusterMembership,
  removeMember,
  replaceMembers,
  requireMembers,
  requireReady,
} from './membership.ts'
export {
  forgetNode,
  type LifecycleContext,
  notRegistered,
  registerHost,
  registerHosts,
  registerNode,
  unregisterHost,
  unregisterHosts,
} from './registration.ts'
export { readyStanding, type ReadyStanding } from './readiness.ts'
