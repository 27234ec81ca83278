/** Where no lab is possible the tests of the lab skip, loudly; in CI they run all the same, and fail. */
import { whyNoLab } from '@commissaire/lab'

const reason = process.env.CI ? undefined : whyNoLab()
if (reason) process.stderr.write(`SKIPPED, no real hosts here: ${reason}\n`)

/** Whether the tests of this machine go without real hosts. */
export const noLab = reason !== undefined

/** The first lab on a machine builds the base tree: a minute or two. */
export const firstBuild = 300_000

/** A test may boot hosts several times, on a machine that has other things to do as well. */
export const patience = 180_000
