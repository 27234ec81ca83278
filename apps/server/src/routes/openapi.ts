/** The document that describes all of this: `/openapi.json`, OpenAPI 3.1, for everybody to read. */
import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { namedSchemas } from '../views.ts'

/** Describes every route that is registered after this. */
export function describeRoutes(app: FastifyInstance, { version }: { version: string }): void {
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Commissaire', version, description: 'Manages Linux hosts and clusters of them.' },
      components: { securitySchemes: { basic: { type: 'http', scheme: 'basic' } } },
      security: [{ basic: [] }],
    },
    transform: createJsonSchemaTransform({ schemaRegistry: namedSchemas }),
    transformObject: (document) => onlyAnswers(nameSchemas(document)),
  })
}

const nameSchemas = createJsonSchemaTransformObject({ schemaRegistry: namedSchemas })

type Document = ReturnType<typeof nameSchemas>

/** Named schemas come in two forms, as bodies and as answers. Only answers use them here. */
function onlyAnswers(document: Document): Document {
  const { components } = document as { components?: { schemas?: Record<string, unknown> } }
  for (const name of Object.keys(components?.schemas ?? {})) {
    if (name.endsWith('Input')) delete components?.schemas?.[name]
  }
  return document
}

/** Adds the endpoint. */
export function openapi(app: FastifyInstance): void {
  app.route({
    method: 'GET',
    url: '/openapi.json',
    config: { open: true },
    schema: { hide: true },
    handler: async () => app.swagger(),
  })
}
