/** Says how far a long copy has come: nothing in the first second, then a line a second. */
import type { Progress } from '@commissaire/storage'

const interval = 1000

/** Gives a function that is told of every step, and prints some. */
export function printProgress(): (progress: Progress) => void {
  let last = performance.now()
  return ({ model, done, of }) => {
    if (performance.now() - last < interval) return
    last = performance.now()
    process.stderr.write(`${model}: ${done} of ${of}\n`)
  }
}
