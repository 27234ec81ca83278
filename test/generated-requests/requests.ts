/** Generators of requests for the endpoints of a document, and of requests for no endpoint at all. */
import * as fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import type { Endpoint, Schema } from './document.ts'
import { addresses, names, nearlyValid, valid, wild, wildNames } from './values.ts'

/** A request. */
export interface GeneratedRequest {
  /** Undefined for a request to no endpoint of the document. */
  readonly endpoint: Endpoint | undefined
  readonly method: string
  /** Path and query, encoded. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** Requests of all kinds: three in four to an endpoint of the document, most of them nearly right. */
export function requestsFor(endpoints: readonly Endpoint[]): Arbitrary<GeneratedRequest> {
  const changes = endpoints.filter(({ method, path }) => method === 'PUT' && !path.includes('{id}'))
  const described = fc.oneof(fc.constantFrom(...endpoints), fc.constantFrom(...changes)).chain(requestTo)
  return fc.oneof(
    { weight: 6, arbitrary: described },
    { weight: 1, arbitrary: otherMethods(described, endpoints) },
    { weight: 1, arbitrary: elsewhere },
  )
}

function requestTo(endpoint: Endpoint): Arbitrary<GeneratedRequest> {
  const { method, path, parameters, body } = endpoint
  const parts = path
    .split('/')
    .map((part) => (part.startsWith('{') ? inPath(part.slice(1, -1)) : fc.constant(part)))
  const queries = parameters
    .filter((each) => each.in === 'query')
    .map(({ name, schema }) => inQuery(name, schema))
  return fc
    .record({
      path: fc.tuple(...parts).map((all) => all.join('/')),
      query: fc.tuple(...queries).map((all) => all.filter(Boolean).join('&')),
      slash: fc.constantFrom('', '', '', '/'),
      headers: contentTypes,
      body: bodies(body),
    })
    .map(({ path: found, query, slash, headers, body: sent }) => ({
      // Without a name the path is another one.
      endpoint: found.includes('//') || found.endsWith('/') ? undefined : endpoint,
      method,
      target: `${found}${slash}${query && `?${query}`}`,
      headers,
      body: sent,
    }))
}

function inPath(name: string): Arbitrary<string> {
  const usual = name === 'address' || name === 'host' ? addresses : names
  const encoded = wildNames.map((text) => encodeURIComponent(text.toWellFormed()))
  return fc.oneof(
    { weight: 8, arbitrary: usual },
    { weight: 1, arbitrary: encoded },
    { weight: 1, arbitrary: fc.constantFrom('%', '%zz', '%ff%fe', 'fe80::1%eth0', 'a%2fb', '%00') },
  )
}

function inQuery(name: string, schema: Schema): Arbitrary<string> {
  const value = fc.oneof(valid(schema, name), wildNames)
  return fc.option(
    value.map((each) => `${name}=${encodeURIComponent(String(each).toWellFormed())}`),
    { nil: '' },
  )
}

const contentTypes = fc
  .oneof(
    { weight: 9, arbitrary: fc.constant('application/json') },
    { weight: 1, arbitrary: fc.constantFrom('text/plain', ';;;', 'a/b; charset=x', '') },
  )
  .map((type): Record<string, string> => (type === '' ? {} : { 'content-type': type }))

function bodies(schema: Schema | undefined): Arbitrary<string | undefined> {
  const broken = fc.constantFrom(
    '{',
    '[1,',
    'nonsense',
    '{"a":1}{',
    '\u0000',
    '{"__proto__":{}}',
    '"',
    '\ufeff{}',
  )
  const right = schema ? valid(schema) : fc.constant({})
  return fc.oneof(
    { weight: 8, arbitrary: right.map((value) => JSON.stringify(value)) },
    { weight: 4, arbitrary: (schema ? nearlyValid(schema) : wild).map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: broken },
    { weight: 1, arbitrary: fc.constant(undefined) },
  )
}

const methods = fc.constantFrom(
  'GET',
  'HEAD',
  'PUT',
  'POST',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'TRACE',
  'QUERY',
  'PROPFIND',
  'PURGE',
  'FOO',
  'get',
)

function otherMethods(
  requests: Arbitrary<GeneratedRequest>,
  endpoints: readonly Endpoint[],
): Arbitrary<GeneratedRequest> {
  return fc.tuple(requests, methods).map(([request, method]) => {
    const { target, headers, body } = request
    const path = request.endpoint?.path
    const endpoint = endpoints.find((each) => each.path === path && each.method === method)
    return { endpoint, method, target, headers, body }
  })
}

/** Paths beside those of the document, and headers that HTTP does not allow. */
const elsewhere: Arbitrary<GeneratedRequest> = fc.record({
  endpoint: fc.constant(undefined),
  method: methods,
  target: fc.constantFrom(
    '/',
    '//',
    '/api/v0',
    '/api/v0/hosts//',
    '/api/v0/%68osts',
    '/api/v1/hosts',
    '/..',
    '*',
    `/${'x'.repeat(20_000)}`,
    '/api/v0/host/%',
    'http://other/api/v0/hosts',
  ),
  headers: fc.constantFrom<Record<string, string>>(
    {},
    { 'content-encoding': 'gzip' },
    { expect: '200-maybe' },
    { 'content-length': 'x' },
    { 'content-length': '99999999' },
    { 'transfer-encoding': 'chunked, gzip' },
    { 'x-long': 'y'.repeat(20_000) },
    { 'accept-version': '9' },
    { host: '' },
  ),
  body: fc.constantFrom(undefined, '{}', '{'),
})
