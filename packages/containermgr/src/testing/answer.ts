/** The response of the API server double: a status code and an object; a refusal is a Status object, as of a real server. */

/** A status code and an object. */
export type Answer = readonly [code: number, object: object]

/** Why a request was refused, one by one. */
export interface Cause {
  readonly reason: string
  readonly message: string
}

/** A refusal. */
export function refuse(
  code: number,
  reason: string,
  { message, causes }: { message: string; causes?: readonly Cause[] },
): Answer {
  const status = { apiVersion: 'v1', kind: 'Status', status: 'Failure', metadata: {} }
  return [code, { ...status, code, reason, message, ...(causes && { details: { causes } }) }]
}

/** The refusal for a thing that is not there. */
export function notFound(resource: string, name: string): Answer {
  return refuse(404, 'NotFound', { message: `${resource} "${name}" not found` })
}

/** The refusal for what was changed by somebody else in the meantime. */
export function conflict(resource: string, name: string): Answer {
  const message = `Operation cannot be fulfilled on ${resource} "${name}": the object has been modified; please apply your changes to the latest version and try again`
  return refuse(409, 'Conflict', { message })
}

/** Done, and there is nothing to show. */
export const success: Answer = [201, { apiVersion: 'v1', kind: 'Status', status: 'Success', metadata: {} }]
