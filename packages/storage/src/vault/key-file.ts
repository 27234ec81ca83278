/**
 * The key file of the vault: created at the first start, refused when others can read it.
 */
import { randomBytes } from 'node:crypto'
import { link, mkdir, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StoreFault } from '../faults.ts'

/** The keys of a file, 32 bytes each, in base64 one a line. Makes the file, with one key, when there is none. */
export async function readKeyFile(file: string): Promise<Buffer[]> {
  const text = (await readPrivate(file)) ?? (await makeKeyFile(file))
  const keys = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => Buffer.from(line, 'base64'))
  if (keys.length > 0 && keys.every((key) => key.length === 32)) return keys
  throw new StoreFault(
    'sealed',
    `The key file ${file} is damaged: it should hold 32 bytes in base64; put back a copy`,
  )
}

async function readPrivate(file: string): Promise<string | undefined> {
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new StoreFault('sealed', `The key file ${file} cannot be read: ${error.message}`, { cause: error })
  })
  if (!handle) return undefined
  try {
    refuseOthers(file, (await handle.stat()).mode)
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}

function refuseOthers(file: string, mode: number): void {
  if ((mode & 0o077) === 0) return
  const found = (mode & 0o777).toString(8)
  throw new StoreFault(
    'sealed',
    `The key file ${file} has mode ${found}, so that others may read it; run: chmod 600 ${file}`,
  )
}

/** Of several processes that start at once, one makes the file and the others read it, never half of it. */
async function makeKeyFile(file: string): Promise<string> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  try {
    await writeDraft(draft)
    await link(draft, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    // Sealed models must not survive a power cut that their key does not.
    await sync(dirname(file))
  } catch (cause) {
    throw new StoreFault('sealed', `The key file ${file} could not be made`, { cause })
  } finally {
    await rm(draft, { force: true })
  }
  return (await readPrivate(file)) ?? ''
}

async function sync(directory: string): Promise<void> {
  const handle = await open(directory)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function writeDraft(draft: string): Promise<void> {
  const handle = await open(draft, 'wx', 0o600)
  try {
    await handle.writeFile(`${randomBytes(32).toString('base64')}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
