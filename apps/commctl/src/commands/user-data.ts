/** `commctl user-data`: writes a cloud-init file with which a new host registers itself at its first boot. */
import { open, readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { CommandRow, Session } from '../cli/command.ts'
import { Failure } from '../cli/failure.ts'
import { multipart, type Part, partOf } from '../user-data/multipart.ts'
import { registerScript } from '../user-data/register-script.ts'
import { readValues } from '../user-data/values.ts'

/** What clouds take at most; some take less. */
const USUAL_LIMIT = 16_384

/** Writes the file. */
export const userData = {
  description:
    'Writes a file for cloud-init by which a new host registers itself at its first boot. The host makes its key, and ' +
    'reports its public host keys over the authenticated connection, so that it is known before anybody logs in. It ' +
    'needs sh, curl and ssh-keygen. The file holds the password: give it to nobody else.',
  options: [
    {
      flags: '-e, --endpoint <ENDPOINT>',
      text: 'URL of the server as the host sees it; required; may repeat, then they are tried in order',
      repeats: true,
    },
    { flags: '-c, --cluster <CLUSTER>', text: 'cluster that the host is to join', completes: 'clusters' },
    { flags: '-u, --username <USERNAME>', text: 'who the host says it is to the server; needs -p' },
    { flags: '-p, --password', text: 'ask for the password; without a terminal, standard input gives it' },
    {
      flags: '-r, --remote-user <REMOTE_USER>',
      text: 'who the server logs in as (default: root); is added to the host, with sudo',
    },
    {
      flags: '-s, --ssh-key-path <SSH_KEY_PATH>',
      text: "the private key on the host, made when it is not there (default: .ssh/commissaire in the user's home)",
    },
    {
      flags: '-a, --authorized-keys-path <AUTHORIZED_KEYS_PATH>',
      text: "the file on the host with the keys that let in (default: .ssh/authorized_keys in the user's home)",
    },
    {
      flags: '-C, --cloud-init <CLOUD_INIT>',
      text: 'file for cloud-init to carry along: cloud-config, a script, or several parts',
      completes: 'files',
    },
    {
      flags: '--ca-file <CA_FILE>',
      text: "authorities that the host checks the server's certificate against, in place of the system's",
      completes: 'files',
    },
    {
      flags: '-o, --outfile <OUTFILE>',
      text: 'file to write, readable by you alone (default: standard output)',
    },
  ],
  examples: [
    'commctl user-data -e https://commissaire.example.com:8000 -c web -u hosts -p -o user-data',
    'commctl user-data -e https://192.0.2.1:8000 --ca-file ca.pem -u hosts -p -r ops -C cloud.cfg < password > user-data',
  ],
  ownShortO: true,
  run: async (session: Session) => {
    const values = await readValues(session)
    const carried = await carriedPart(session.parsed.option('cloudInit'))
    const script = registerScript(values)
    const text = multipart([
      carried,
      { type: 'text/x-shellscript', name: 'zz-commissaire-register', content: script },
    ])
    if (Buffer.byteLength(text) > USUAL_LIMIT)
      session.tell(`The file has ${Buffer.byteLength(text)} bytes; many clouds take ${USUAL_LIMIT} at most.`)
    await put(text, session)
    return 0
  },
} satisfies Partial<CommandRow>

const nothing: Part = {
  type: 'text/cloud-config',
  name: 'cloud-config.txt',
  content: '#cloud-config\nfinal_message: "Finished booting"\n',
}

async function carriedPart(file: string | undefined): Promise<Part> {
  if (file === undefined) return nothing
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new Failure(`The file for cloud-init ${file} could not be read: ${reasonOf(cause)}`, { cause })
  })
  if (bytes.includes(0)) throw new Failure(`${file} is not text; unpack it first, if it is compressed.`)
  return partOf(basename(file), bytes.toString('utf8'))
}

/** A file that is there already is made private before the password goes into it. */
async function put(text: string, { parsed, print }: Session): Promise<void> {
  const path = parsed.option('outfile') ?? '-'
  if (path === '-') return print(text.trimEnd())
  try {
    await using file = await open(path, 'w', 0o600)
    if ((await file.stat()).isFile()) await file.chmod(0o600)
    await file.writeFile(text)
  } catch (cause) {
    throw new Failure(`${path} could not be written: ${reasonOf(cause)}`, { cause })
  }
}

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
