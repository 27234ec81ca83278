/** Whether the tests against a real sshd can run; in CI they must. */
import { whyNoSshd } from '../src/testing.ts'

const why = whyNoSshd()
if (why && process.env['CI']) throw new Error(`The tests against a real sshd cannot run: ${why}`)
if (why) console.warn(`SKIPPED: the tests against a real sshd: ${why}`)

/** True when there is an sshd to test against. */
export const hasSshd = why === undefined
