/**
 * Seals secret models, so that a copy of the store does not reveal the credentials in it.
 *
 * AES-256-GCM. The key lies in a file of its own that only its owner may read; the model's name and key are bound to
 * the sealed text, so that one host's credentials cannot be put in another's place. The key file may hold several
 * keys, one a line: the first seals, each opens what it once sealed.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { StoreFault } from '../faults.ts'
import type { Place } from '../handler.ts'
import { readKeyFile } from './key-file.ts'

const algorithm = 'aes-256-gcm'
const nonceLength = 12
const tagLength = 16

/** What is sealed looks like `sealed:1:<which key>:<nonce, text and tag in base64>`. */
const sealedText = /^sealed:1:([0-9a-f]{16}):([A-Za-z0-9+/=]+)$/

/** Seals and opens the values of secret models. */
export class Vault {
  readonly #keys: readonly Buffer[]
  readonly #origin: string

  private constructor(keys: readonly Buffer[], origin: string) {
    this.#keys = keys
    this.#origin = origin
  }

  /** A vault with the keys of a file, which is made when there is none. */
  static async fromFile(file: string): Promise<Vault> {
    return new Vault(await readKeyFile(file), file)
  }

  /** A vault whose key is nowhere but in this process: for stores that do not outlive it either. */
  static forThisProcess(): Vault {
    return new Vault([randomBytes(32)], 'the memory of this process')
  }

  /** Seals a text for its place. */
  seal(place: Place, text: string): string {
    const [key] = this.#keys
    if (!key) throw new StoreFault('sealed', `${this.#origin} holds no key`)
    const nonce = randomBytes(nonceLength)
    const cipher = createCipheriv(algorithm, key, nonce).setAAD(bound(place))
    const content = [nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]
    return `sealed:1:${idOf(key)}:${Buffer.concat(content).toString('base64')}`
  }

  /** Opens what was sealed for that place; a StoreFault when it was not, was tampered with, or has another key. */
  open(place: Place, sealed: string): string {
    const what = `${place.model} ${place.key} cannot be opened`
    const [, id, content] = sealedText.exec(sealed) ?? []
    if (!id || !content)
      throw new StoreFault('sealed', `${what}: what is stored was never sealed, or was cut off`)
    const key = this.#keys.find((candidate) => idOf(candidate) === id)
    if (!key)
      throw new StoreFault('sealed', `${what}: it was sealed with key ${id}, which is not in ${this.#origin}`)
    try {
      return decipher(key, bound(place), Buffer.from(content, 'base64'))
    } catch (cause) {
      throw new StoreFault(
        'sealed',
        `${what}: what is stored was changed by somebody, or belongs elsewhere`,
        { cause },
      )
    }
  }
}

function decipher(key: Buffer, associated: Buffer, content: Buffer): string {
  const opened = createDecipheriv(algorithm, key, content.subarray(0, nonceLength), {
    authTagLength: tagLength,
  })
  opened.setAAD(associated).setAuthTag(content.subarray(-tagLength))
  return opened.update(content.subarray(nonceLength, -tagLength), undefined, 'utf8') + opened.final('utf8')
}

function bound({ model, key }: Place): Buffer {
  return Buffer.from(JSON.stringify([model, key]))
}

/** Names a key without telling anything about it. */
function idOf(key: Buffer): string {
  return createHash('sha256').update('commissaire key id\0').update(key).digest('hex').slice(0, 16)
}
