/** The OpenAPI document of a server, as far as requests are generated from it and responses are compared with it. */
import { z } from 'zod'

/** A JSON schema with its references replaced. */
export type Schema = Readonly<Record<string, unknown>>

/** One operation of the document. */
export interface Endpoint {
  readonly method: string
  /** With parameters in braces. */
  readonly path: string
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[]
  readonly body: Schema | undefined
  /** The schema of the body by status, `default` for all other errors; undefined for a response that is not JSON. */
  readonly responses: ReadonlyMap<string, z.ZodType | undefined>
}

const Media = z.looseObject({ schema: z.record(z.string(), z.unknown()).optional() })
const Content = z.looseObject({ content: z.record(z.string(), Media).optional() })
const Document = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.looseObject({
        parameters: z
          .array(
            z.looseObject({ name: z.string(), in: z.string(), schema: z.record(z.string(), z.unknown()) }),
          )
          .default([]),
        requestBody: Content.optional(),
        responses: z.record(z.string(), Content),
      }),
    ),
  ),
  components: z.looseObject({ schemas: z.record(z.string(), z.record(z.string(), z.unknown())) }),
})

/** Reads the document from a running server. */
export async function readDocument(url: string): Promise<Endpoint[]> {
  const response = await fetch(new URL('/openapi.json', url))
  const { paths, components } = Document.parse(await response.json())
  const resolve = (schema: unknown): Schema => asSchema(withoutReferences(schema, components.schemas))
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters, requestBody, responses }]) => ({
      method: method.toUpperCase(),
      path,
      parameters: parameters.map((each) => ({ ...each, schema: resolve(each.schema) })),
      body: requestBody && resolve(jsonOf(requestBody)),
      responses: new Map(
        Object.entries(responses).map(([status, each]) => [status, schemaOf(jsonOf(each), resolve)]),
      ),
    })),
  )
}

function schemaOf(schema: unknown, resolve: (schema: unknown) => Schema): z.ZodType | undefined {
  return schema === undefined ? undefined : z.fromJSONSchema(resolve(schema))
}

function jsonOf({ content = {} }: z.infer<typeof Content>): unknown {
  return Object.entries(content).find(([type]) => /json/.test(type))?.[1].schema
}

function withoutReferences(schema: unknown, named: Readonly<Record<string, unknown>>): unknown {
  if (Array.isArray(schema)) return schema.map((each) => withoutReferences(each, named))
  if (typeof schema !== 'object' || schema === null) return schema
  const reference: unknown = Reflect.get(schema, '$ref')
  if (typeof reference === 'string') return withoutReferences(named[reference.split('/').at(-1) ?? ''], named)
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, withoutReferences(value, named)]),
  )
}

function asSchema(value: unknown): Schema {
  return z.record(z.string(), z.unknown()).parse(value)
}
