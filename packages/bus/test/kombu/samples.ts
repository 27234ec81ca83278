/** Commands that were recorded from the original programs on Redis. */

import { readFileSync } from 'node:fs'

interface Sample {
  readonly sample: string
  readonly command: string
  readonly key: string
  readonly value: string
  readonly content_type?: string
  readonly body_decoded?: string
}

const file = new URL('../fixtures/wire-samples.jsonl', import.meta.url)

export const samples = readFileSync(file, 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line): Sample => JSON.parse(line))
