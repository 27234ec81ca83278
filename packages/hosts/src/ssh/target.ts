/** The address, the login and the expected host key of a connection. */

/** Where a host is, who we are there, and which key it has to prove. */
export interface Target {
  /** A name, an IPv4 or an IPv6 address, the latter with or without brackets. */
  readonly address: string
  /** Default: 22. */
  readonly port?: number
  readonly user: string
  /** The private key itself, in OpenSSH or PEM form; it stays in memory. */
  readonly privateKey: string
  /** The pinned host key, `type base64` or `SHA256:…`. Without one, whatever key the host proves is accepted. */
  readonly hostKey?: string
}
