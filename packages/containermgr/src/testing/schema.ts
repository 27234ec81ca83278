/**
 * Validates requests to the API server double against the published OpenAPI definitions of Kubernetes.
 * Unknown fields are faults: a real server only warns of them, and then leaves them out.
 */
import type { ValidateFunction } from 'ajv'

import definitions from './kubernetes-api.json' with { type: 'json' }

/** What may be checked. */
export type Checked = 'Node' | 'Eviction' | 'DeleteOptions'

/** Says what is wrong with a body, if anything is. */
export type CheckBody = (kind: Checked, body: unknown) => string | undefined

/** Loads the checks. They need the package `ajv`, which those who only run the contract need not have. */
export async function loadChecks(): Promise<CheckBody> {
  const { Ajv } = await import('ajv')
  const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false })
  ajv.addSchema(definitions, 'kubernetes')
  return (kind, body) => faultsOf(ajv.getSchema(`kubernetes#/definitions/${kind}`), body)
}

function faultsOf(validate: ValidateFunction | undefined, body: unknown): string | undefined {
  if (!validate) throw new TypeError('there is no such definition')
  if (validate(withoutNulls(body))) return undefined
  return validate.errors
    ?.map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`)
    .join('; ')
}

/** To an API server, null is the same as not given. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  const given = Object.entries(value).filter(([, member]) => member !== null)
  return Object.fromEntries(given.map(([name, member]) => [name, withoutNulls(member)]))
}
