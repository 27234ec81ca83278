/** A reporter that says at the end how long the run took, and which ten files took longest. */
import { relative } from 'node:path'
import type { Reporter, TestModule } from 'vitest/node'

const SHOWN = 10

/** Prints the ten files that took longest. */
export class SlowestFiles implements Reporter {
  readonly #started = performance.now()

  onTestRunEnd(modules: readonly TestModule[]): void {
    const times = modules.map((module) => ({
      file: relative(process.cwd(), module.moduleId),
      seconds: module.diagnostic().duration / 1000,
    }))
    const slowest = times.toSorted((one, other) => other.seconds - one.seconds).slice(0, SHOWN)
    const total = ((performance.now() - this.#started) / 1000).toFixed(0)
    console.log(`\nThe tests took ${total} s. The files that took longest:`)
    for (const { file, seconds } of slowest) console.log(`${seconds.toFixed(1).padStart(7)} s  ${file}`)
  }
}
