/** For tests: the contract suite of container managers, and a double of an API server. */
export {
  type ContainerManagerCheck,
  containerManagerContract,
  type MakeContainerManager,
} from './contract.ts'
export { ApiServerDouble, type DoubleOptions, type DoubleTls } from './api-server-double.ts'
export { ClusterDouble, type Change } from './cluster-double.ts'
export type { Answer, Cause } from './answer.ts'
export type { ApiMetadata, ApiObject, ApiOwner } from './api-object.ts'
export type { Budget, NodeState, Pod } from './described.ts'
export type { Call } from './requests.ts'
