/** Finds folders with too many files, and files outside the rooms of the project. */
import { dirname } from 'node:path'

import type { LayoutFault } from './fault.ts'

/** The most TypeScript files that one folder has; its `index.ts` is not counted. */
export const FOLDER_LIMIT = 15

/** What the root of the project has besides the files that tools look for there. */
export const ROOMS = [
  'packages',
  'apps',
  'lab',
  'conf',
  'docs',
  'examples',
  'benchmarks',
  'test',
  '.ci',
] as const

/** The files that tools and readers expect in the root. */
const ROOT_FILES =
  /^(\.gitignore|\.npmrc|\.ox(fmt|lint)rc\.json|[A-Z]+(\.md)?|package(-lock)?\.json|tsconfig(\.[a-z]+)?\.json|vitest(\.[a-z]+)?\.config\.ts)$/

/** Folders with more files than one can take in at a glance. */
export function fullFolders(files: readonly string[]): LayoutFault[] {
  const sources = files.filter((file) => file.endsWith('.ts') && !file.endsWith('/index.ts'))
  const folders = Map.groupBy(sources, (file) => dirname(file))
  return [...folders]
    .filter(([, inside]) => inside.length > FOLDER_LIMIT)
    .map(([path, inside]) => ({
      path,
      problem: `it has ${inside.length} TypeScript files, the limit is ${FOLDER_LIMIT}`,
      remedy: 'part it by subject into folders whose names say what is in them',
    }))
}

/** Files that lie in no room. */
export function homelessFiles(files: readonly string[]): LayoutFault[] {
  return files
    .filter((file) => !hasRoom(file))
    .map((path) => ({
      path,
      problem: 'it lies in no room of the project',
      remedy: `move it into one of ${ROOMS.join(', ')}, or add a room to test/layout/folders.ts and to ARCHITECTURE.md`,
    }))
}

function hasRoom(file: string): boolean {
  const [room = '', ...rest] = file.split('/')
  return rest.length > 0 ? ROOMS.some((each) => each === room) : ROOT_FILES.test(file)
}
