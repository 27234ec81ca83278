/** Container managers: `/containermanagers` and `/containermanager/{name}`. */
import { ContainerManagerConfig, ContainerManagerConfigs } from '@commissaire/models'
import type { App, Backend } from '../backend.ts'
import { definitionRoutes } from './definitions.ts'

/** Adds the endpoints. */
export function containerManagers(app: App, backend: Backend): void {
  definitionRoutes(app, backend, {
    model: ContainerManagerConfig,
    list: ContainerManagerConfigs,
    plural: 'containermanagers',
    singular: 'containermanager',
    words: { all: 'container managers', one: 'container manager' },
  })
}
