/** Key pairs for tests. */
import ssh2 from 'ssh2'

export interface KeyPair {
  /** In OpenSSH's form. */
  readonly privateKey: string
  /** One line, `ssh-ed25519 AAAA…`. */
  readonly publicKey: string
}

/** A new Ed25519 pair. */
export function keyPair(): KeyPair {
  const { private: privateKey, public: publicKey } = ssh2.utils.generateKeyPairSync('ed25519')
  return { privateKey, publicKey: publicKey.trim().split(' ').slice(0, 2).join(' ') }
}
