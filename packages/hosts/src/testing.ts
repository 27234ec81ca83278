/** Test doubles for hosts: scripted hosts, a real sshd, and the contract suite of a remote. */
export {
  FakeHost,
  type FakeHostOptions,
  type Failure,
  type RebootBehaviour,
  type RebootPhase,
} from './testing/fake-host.ts'
export type { Call } from './testing/fake-server.ts'
export { factsAnswer, type HostState, bootStatusAnswer } from './testing/answers.ts'
export { type KeyPair, keyPair } from './testing/key-pair.ts'
export { LocalSshd, type LocalSshdOptions, whyNoSshd } from './testing/local-sshd.ts'
export { type RemoteCheck, remoteContract } from './testing/remote-contract.ts'
export { type System, type SystemName, systems } from './testing/systems.ts'
export type { Reply } from './testing/reply.ts'
