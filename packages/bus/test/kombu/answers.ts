/** Reading the error out of an answer, which must have one. */

import assert from 'node:assert/strict'
import type { BusError } from '../../src/errors.ts'
import { decodeAnswer } from '../../src/rpc/json-rpc.ts'

export function decodeAnswerError(text: string): BusError {
  const answer = decodeAnswer(text)
  assert.ok('error' in answer)
  return answer.error
}
