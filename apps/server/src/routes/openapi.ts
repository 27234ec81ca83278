/** The public description of the API: `/openapi.json`, OpenAPI 3.1. */
import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { namedSchemas } from './views.ts'

/** Describes all routes that are registered after this call. */
export function describeRoutes(app: FastifyInstance, { version }: { version: string }): void {
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Commissaire', version, description: 'Manages Linux hosts and clusters of them.' },
      components: { securitySchemes: { basic: { type: 'http', scheme: 'basic' } } },
      security: [{ basic: [] }],
    },
    transform: (route) => withOperationId(describeSchemas(route), route.route.method),
    transformObject: (document) => onlyUsed(nameSchemas(document)),
  })
}

const describeSchemas = createJsonSchemaTransform({ schemaRegistry: namedSchemas })

type Described = ReturnType<typeof describeSchemas>

/** Adds an operation id, which generated clients use as the name of a function: `getClusterByName`. */
function withOperationId({ schema, url }: Described, method: string | readonly string[]): Described {
  const words = url
    .replace(/^\/api\/v0/, '')
    .split('/')
    .filter(Boolean)
  const name = words
    .map((word) => (word.startsWith(':') ? `By${capital(word.slice(1))}` : capital(word)))
    .join('')
  return { schema: { ...schema, operationId: `${String(method).toLowerCase()}${name}` }, url }
}

function capital(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`
}

const nameSchemas = createJsonSchemaTransformObject({ schemaRegistry: namedSchemas })

type Document = ReturnType<typeof nameSchemas>

/** Removes unused schemas: each named schema has an input and an output form, and few are used as input. */
function onlyUsed(document: Document): Document {
  const { schemas = {} } = 'components' in document ? (document.components ?? {}) : {}
  const paths = JSON.stringify('paths' in document ? document.paths : {})
  const isUsed = (name: string) => paths.includes(`"#/components/schemas/${name}"`)
  for (const name of Object.keys(schemas)) if (name.endsWith('Input') && !isUsed(name)) delete schemas[name]
  return document
}

/** Adds the endpoint. */
export function openapi(app: FastifyInstance): void {
  app.route({
    method: 'GET',
    url: '/openapi.json',
    config: { public: true },
    schema: { hide: true },
    handler: async () => app.swagger(),
  })
}
