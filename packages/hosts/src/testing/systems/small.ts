/** Answers of Arch and Alpine, which remove the modules of the running kernel during an upgrade. */
import type { System } from './system.ts'

/** Systems that have pacman or apk. */
export const smallSystems = {
  arch: {
    lines: [
      'os.PRETTY_NAME="Arch Linux"',
      'os.ID=arch',
      'kernel=6.13.4-arch1-1',
      'kernel.boot=linux',
      'kernel.modules=6.13.5-arch1-1',
      'manager=pacman',
    ],
    family: 'pacman',
    osName: 'arch',
    reboot: 'yes',
  },
  alpine: {
    lines: [
      'os.PRETTY_NAME="Alpine Linux v3.21"',
      'os.ID=alpine',
      'os.VERSION_ID=3.21.3',
      'kernel=6.12.13-0-lts',
      'kernel.boot=lts',
      'kernel.modules=6.12.13-0-lts',
      'init=init',
      'machine-id=',
      'manager=apk',
    ],
    family: 'apk',
    osName: 'alpine',
    reboot: 'no',
  },
} as const satisfies Record<string, System>
