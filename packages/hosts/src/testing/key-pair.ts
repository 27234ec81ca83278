/** Key pairs for tests. */
import ssh2 from 'ssh2'

/** A key in both halves. */
export interface KeyPair {
  /** In OpenSSH's form. */
  readonly privateKey: string
  /** One line, `ssh-ed25519 AAAA…`. */
  readonly publicKey: string
}

/** A new Ed25519 pair. About one in four hundred that ssh2 makes it cannot read itself; then another is made. */
export function keyPair(): KeyPair {
  for (;;) {
    const { private: privateKey, public: publicKey } = ssh2.utils.generateKeyPairSync('ed25519')
    if (ssh2.utils.parseKey(privateKey) instanceof Error) continue
    return { privateKey, publicKey: publicKey.trim().split(' ').slice(0, 2).join(' ') }
  }
}
