/** What the checks share: a logger that is silent, and an assertion about a rejected promise. */

import assert from 'node:assert/strict'
import type { Logger } from '../logger.ts'

/** Logs nothing; for checks that provoke warnings. */
export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** Asserts that the promise rejects with an error that has these members. */
export async function rejects(promise: Promise<unknown>, expected: Record<string, unknown>): Promise<void> {
  await assert.rejects(promise, expected)
}
