/** Validates the values that go into a script that root runs on every new host. */
import { readFile } from 'node:fs/promises'
import { text as readAll } from 'node:stream/consumers'
import type { Session } from '../cli/command.ts'
import { Failure } from '../cli/failure.ts'
import type { ScriptValues } from './register-script.ts'

/** Reads the options; asks for the password when it is wanted. */
export async function readValues(session: Session): Promise<ScriptValues> {
  const { parsed } = session
  const endpoints = parsed.repeated('endpoint').map(endpointOf)
  if (endpoints.length === 0)
    throw new Failure(
      '-e is missing: the URL of the server as new hosts see it, like https://192.0.2.1:8000.',
    )
  const authorization = await authorizationOf(session)
  warn(session, { endpoints, authorization })
  return {
    endpoints,
    authorization,
    authorities: await authoritiesOf(parsed.option('caFile')),
    cluster: matching(parsed.option('cluster'), {
      option: '-c',
      pattern: /^[\w-]+$/,
      rule: 'letters, digits, "_" and "-"',
    }),
    remoteUser:
      matching(parsed.option('remoteUser'), {
        option: '-r',
        pattern: /^[a-z_][\w.-]{0,31}$/i,
        rule: 'the name of a user: letters, digits, "_", "-" and "."',
      }) ?? 'root',
    keyPath: pathOf(parsed.option('sshKeyPath'), '-s'),
    authorizedKeysPath: pathOf(parsed.option('authorizedKeysPath'), '-a'),
  }
}

function endpointOf(text: string): string {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol))
    throw new Failure(
      `-e "${text}" is no endpoint: it must begin with http:// or https://, like https://192.0.2.1:8000.`,
    )
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw new Failure('-e must be an address alone: give the name with -u, and let -p ask for the password.')
  return url.href.replace(/\/+$/, '')
}

async function authorizationOf(session: Session): Promise<string | undefined> {
  const { parsed } = session
  const username = parsed.option('username')
  if (username === undefined && parsed.flag('password'))
    throw new Failure('-p needs -u: whose password is it?')
  if (username === undefined) return undefined
  if (!parsed.flag('password'))
    throw new Failure('-u needs -p: a name alone lets nobody in. With -p the password is asked for.')
  if (username.includes(':')) throw new Failure(`-u "${username}" holds a ":", which no user name may.`)
  const password = await passwordOf(session)
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

async function passwordOf({ signal }: Session): Promise<string> {
  const { ask } = await import('../cli/prompt.ts')
  const password = process.stdin.isTTY
    ? await ask('Password: ', { hidden: true, signal })
    : ((await readAll(process.stdin)).split(/\r?\n/, 1)[0] ?? '')
  if (password !== '') return password
  throw new Failure('The password is empty. Type one, or give it on standard input.')
}

async function authoritiesOf(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Failure(`--ca-file ${file} could not be read: ${String(cause)}`, { cause })
  })
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)
  if (!certificates)
    throw new Failure(`--ca-file ${file} holds no certificate in PEM, "-----BEGIN CERTIFICATE-----".`)
  return certificates.join('\n')
}

function matching(
  value: string | undefined,
  { option, pattern, rule }: { option: string; pattern: RegExp; rule: string },
): string | undefined {
  if (value === undefined || pattern.test(value)) return value
  throw new Failure(`${option} "${value}" must be ${rule}.`)
}

function pathOf(value: string | undefined, option: string): string {
  if (value === undefined || /^\/[^\n]*[^\n/]$/.test(value)) return value ?? ''
  throw new Failure(`${option} "${value}" must be the whole path of a file on the host, beginning with /.`)
}

function warn(
  { tell }: Session,
  { endpoints, authorization }: Pick<ScriptValues, 'endpoints' | 'authorization'>,
): void {
  const open = endpoints.filter((url) => url.startsWith('http:'))
  if (open.length > 0)
    tell(
      `${open.join(', ')} is not encrypted: the host's private key and the password can be read on the way. Use https.`,
    )
  if (authorization === undefined)
    tell('Without -u and -p the host shows no credentials, and most servers refuse it.')
}
