/**
 * The options of an etcd handler. Certificates are read and checked here, so that a wrong one is an error of the
 * configuration, with the name of its key, and not one of the first request.
 */
import { z } from 'zod'
import { readCertificates } from './certificates.ts'

const serverPattern = /^(https?):\/\/(\[[0-9a-f:.]+\]|[^\s/:@[\]]+)(?::(\d{1,5}))?\/?$/i

/** One server: scheme, host and port, and nothing else. */
const server = z
  .string()
  .refine((url) => serverPattern.test(url), {
    error: ({ input }) =>
      `is ${JSON.stringify(String(input).replace(/[^/]*@/, '***@'))}; write it as http://HOST:2379 or https://HOST:2379, and a name and password as "username" and "password"`,
  })
  .transform((url) => {
    const [, scheme = '', host = '', port = '2379'] = serverPattern.exec(url) ?? []
    return `${scheme.toLowerCase()}://${host}:${port}`
  })

/** One text with commas is as good as a list. */
function asList(given: unknown): unknown {
  return typeof given === 'string' ? given.split(',').map((url) => url.trim()) : given
}

const path = z.string().min(1, { error: 'must not be empty' }).optional()

/** What an etcd handler can be told. */
export const options = z
  .strictObject({
    /** One server or several of one cluster, as a list or with commas. */
    server_url: z
      .preprocess(asList, z.array(server).min(1, { error: 'must not be empty' }))
      .default(['http://127.0.0.1:2379']),
    /** Our certificate and its key, for servers that ask for one. */
    certificate_path: path,
    certificate_key_path: path,
    /** Who signed the servers' certificates; without it, those whom the system trusts. */
    certificate_ca_path: path,
    /** For servers with authentication. */
    username: path,
    password: z.string().optional(),
    /** How long, in milliseconds, anything may take, with all of its tries. */
    timeout: z.int().min(100).default(5000),
  })
  .superRefine((given, context) => {
    const fault = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message })
    checkPairs(given, fault)
    checkSchemes(given, fault)
    readCertificates(given, fault)
  })

/** The options, checked. */
export type EtcdOptions = z.output<typeof options>

/** Says that something is wrong with a key. */
type Fault = (key: string, message: string) => void

const pairs = [
  ['certificate_path', 'certificate_key_path'],
  ['username', 'password'],
] as const

function checkPairs(given: Partial<EtcdOptions>, fault: Fault): void {
  for (const [one, other] of pairs.flatMap(
    ([left, right]) =>
      [
        [left, right],
        [right, left],
      ] as const,
  )) {
    if (given[one] === undefined && given[other] !== undefined)
      fault(one, `is missing, while "${other}" is given; give both or neither`)
  }
}

function checkSchemes(given: EtcdOptions, fault: Fault): void {
  const plain = given.server_url.filter((url) => url.startsWith('http:'))
  if (plain.length === 0) return
  const found = `is ${JSON.stringify(plain[0])}`
  const certificate = Object.keys(given).find((key) => key.startsWith('certificate_'))
  if (plain.length < given.server_url.length)
    fault('server_url', `${found}, while another begins with https://; write all of them with https://`)
  else if (certificate)
    fault(
      'server_url',
      `${found}, while "${certificate}" is given; write https://, or leave the certificate out`,
    )
}
