/** Creates a container manager by the type in its configuration. Its module is loaded at the first use. */
import { ContainerManagerConfig, type ContainerManagerType, parseModel } from '@commissaire/models'

import { containerManagerError } from './errors.ts'
import type { ContainerManager, OpenOptions } from './manager.ts'

interface ContainerManagerModule {
  open(config: ContainerManagerConfig, options?: OpenOptions): Promise<ContainerManager>
}

const modules: Record<ContainerManagerType, () => Promise<ContainerManagerModule>> = {
  trivial: () => import('./trivial.ts'),
  kubernetes: () => import('./kubernetes.ts'),
  openshift: () => import('./kubernetes.ts'),
}

/** Opens the container manager that a configuration describes; an error names every fault of the configuration. */
export async function createContainerManager(
  config: ContainerManagerConfig,
  options: OpenOptions = {},
): Promise<ContainerManager> {
  const checked = check(config)
  const module = await load(checked)
  return module.open(checked, options)
}

function check(config: ContainerManagerConfig): ContainerManagerConfig {
  try {
    return parseModel(ContainerManagerConfig, config)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw containerManagerError(`Container manager "${config.name}" is configured wrongly: ${reason}`, {
      cause: error,
      data: { container_manager_name: config.name },
    })
  }
}

async function load(config: ContainerManagerConfig): Promise<ContainerManagerModule> {
  try {
    return await modules[config.type]()
  } catch (error) {
    if (!isMissing(error)) throw error
    const message = `Container manager "${config.name}" needs a package that is missing; run: npm install @kubernetes/client-node`
    throw containerManagerError(message, { cause: error })
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
}
