/** Sends generated requests to a running server, and collects the responses that are not as its document says. */
import * as fc from 'fast-check'
import { readDocument } from './document.ts'
import { exchange } from './exchange.ts'
import { faultsOf } from './judge.ts'
import { type GeneratedRequest, requestsFor } from './requests.ts'

/** A run over the server at `url`. The same seed gives the same requests. */
export interface GeneratedRun {
  readonly url: string
  readonly authorization: string
  readonly seed: number
  readonly requests: number
  /** How many requests are in progress at a time; default 8. */
  readonly connections?: number
}

/** The outcome of a run. */
export interface GeneratedReport {
  /** How many responses had each status. */
  readonly statuses: Readonly<Record<string, number>>
  /** Requests with a wrong response, the first hundred. */
  readonly wrong: readonly {
    readonly request: string
    readonly response: string
    readonly faults: readonly string[]
  }[]
}

/** Sends all requests. */
export async function generatedRun(run: GeneratedRun): Promise<GeneratedReport> {
  const { url, seed, requests, connections = 8 } = run
  const all = fc.sample(requestsFor(await readDocument(url)), { seed, numRuns: requests }).values()
  const statuses: Record<string, number> = {}
  const wrong: GeneratedReport['wrong'][number][] = []
  const work = async (): Promise<void> => {
    for (const request of all) {
      const { status, text, faults } = await judged(run, request)
      statuses[status] = (statuses[status] ?? 0) + 1
      if (faults.length > 0 && wrong.length < 100)
        wrong.push({ request: shown(request), response: `${status} ${text.slice(0, 300)}`, faults })
    }
  }
  await Promise.all(Array.from({ length: connections }, work))
  return { statuses, wrong }
}

async function judged(
  { url, authorization }: GeneratedRun,
  request: GeneratedRequest,
): Promise<{ status: string; text: string; faults: string[] }> {
  try {
    const response = await exchange(new URL(url), request, authorization)
    return { status: String(response.status), text: response.text, faults: faultsOf(request, response) }
  } catch (error) {
    return { status: 'none', text: '', faults: [String(error)] }
  }
}

function shown({ method, target, headers, body }: GeneratedRequest): string {
  return `${method} ${target.slice(0, 200)} ${JSON.stringify(headers).slice(0, 200)} ${body?.slice(0, 300) ?? ''}`
}
