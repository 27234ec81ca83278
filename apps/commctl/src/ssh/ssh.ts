/**
 * `commctl host ssh`: runs ssh with the key that the server has for a host. The key is in a private folder,
 * which is removed when ssh ends, also after a signal.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { addressOf } from '../client/address.ts'
import type { Answer } from '../client/api.ts'
import { route } from '../client/route.ts'
import type { Outcome, Session } from '../cli/command.ts'
import { Failure } from '../cli/failure.ts'
import { hostKeyOptions } from './host-key.ts'
import { member, textOf } from '../client/json-value.ts'

/** Logs in; comes back with the status of ssh. */
export async function logIn(session: Session): Promise<Outcome> {
  const address = await addressOf(session.parsed.one('ADDRESS'))
  const api = await session.api()
  const [creds, host] = await Promise.all([
    api.get(route`/host/${address}/creds`),
    api.get(route`/host/${address}`),
  ])
  if (!creds.found) return creds
  const key = textOf(member(creds.value, 'ssh_priv_key'))
  const user = textOf(member(creds.value, 'remote_user')) ?? 'root'
  if (!key)
    throw new Failure(
      `The server has no key for ${address}; register the host with: commctl host create ${address} KEYFILE`,
    )
  using folder = openPrivateFolder()
  const keyFile = folder.write('key', withNewline(Buffer.from(key, 'base64').toString('utf8')))
  const identity = ['-i', keyFile, '-o', 'IdentitiesOnly=yes', '-l', user]
  const trust = hostKeyOptions({ address, pin: pinOf(host), write: folder.write })
  return await run([...identity, ...trust, address, ...session.parsed.many('SSH_ARGUMENTS')])
}

const pinOf = (host: Answer): string => (host.found ? (textOf(member(host.value, 'host_key')) ?? '') : '')

/** OpenSSH refuses a key file whose last line does not end. */
const withNewline = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`)

interface PrivateFolder extends Disposable {
  /** Writes a file that only we may read, and says its path. */
  readonly write: (name: string, text: string) => string
}

/** In memory where the system has such a place for us, else among the temporary files. */
function openPrivateFolder(): PrivateFolder {
  const runtime = process.env.XDG_RUNTIME_DIR
  const path = mkdtempSync(join(runtime && existsSync(runtime) ? runtime : tmpdir(), 'commctl-'))
  const remove = (): void => rmSync(path, { recursive: true, force: true })
  process.once('exit', remove)
  return {
    write(name, text) {
      writeFileSync(join(path, name), text, { mode: 0o600, flag: 'wx' })
      return join(path, name)
    },
    [Symbol.dispose]() {
      process.off('exit', remove)
      remove()
    },
  }
}

/**
 * Runs ssh on our terminal. Ctrl-C is for ssh and the host behind it, and reaches ssh by itself; being told to end is
 * passed on, so that ssh ends first and the key is removed.
 */
async function run(words: readonly string[]): Promise<number> {
  const child = spawn('ssh', words, { stdio: 'inherit' })
  const ignore = (): void => {}
  const passOn = (signal: NodeJS.Signals): void => void child.kill(signal)
  process.on('SIGINT', ignore).on('SIGTERM', passOn).on('SIGHUP', passOn)
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  child.once('error', (cause) =>
    reject(
      new Failure('ssh could not be started. Install the OpenSSH client, and see that it is in PATH.', {
        cause,
      }),
    ),
  )
  child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)))
  try {
    return await promise
  } finally {
    process.off('SIGINT', ignore).off('SIGTERM', passOn).off('SIGHUP', passOn)
  }
}
