/** How a container platform learns of a host: the seam, and the choice of an implementation by its type. */
export type { CallOptions, ContainerManager, OpenOptions } from './manager.ts'
export { createContainerManager } from './create.ts'
export { containerManagerError } from './errors.ts'
export { nodeName } from './node-name.ts'
