/** All of Commissaire in one process, for whoever wants it within a program of their own. */
export { type DataFolder, defaultDataFolder, openDataFolder } from './data-folder.ts'
export { SystemSettings } from './settings.ts'
export { startSystem, type System } from './system.ts'
