/**
 * What the probe says on each kind of system, for scripted hosts and for the tests of the parser.
 *
 * Written by hand after the systems' own files and manuals; only Debian's was recorded on a running one.
 */
import { aptSystems } from './systems/apt.ts'
import { imageSystems } from './systems/image.ts'
import { rpmSystems } from './systems/rpm.ts'
import { smallSystems } from './systems/small.ts'

export type { System } from './systems/system.ts'

/** Systems by name. */
export const systems = { ...aptSystems, ...rpmSystems, ...imageSystems, ...smallSystems } as const

/** The name of a scripted system. */
export type SystemName = keyof typeof systems
