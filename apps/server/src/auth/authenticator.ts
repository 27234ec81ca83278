/**
 * What a way of letting people in is. Each is a file beside this, named as the configuration names it; others may come
 * from a module of somebody's own (`docs/guide/authentication.md`).
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Logger } from '@commissaire/bus'
import type { FastifyRequest } from 'fastify'
import type { Role } from './role.ts'

/** What a request shows of who sends it. Never to be logged. */
export interface Credentials {
  readonly headers: IncomingHttpHeaders
  /** The connection's request, for what lies below the headers: a client certificate. */
  readonly request: FastifyRequest
}

/** Somebody who is let in. */
export interface Identity {
  readonly user: string
  /** What they may do; without it what the plugin's option `role` says, and without that everything. */
  readonly role?: Role
  /** How many milliseconds the same credentials in the headers may be believed without asking again; default 0. */
  readonly rememberFor?: number
  /** Headers for the answer, for instance a token. */
  readonly headers?: Readonly<Record<string, string>>
}

/** A way of letting people in. */
export interface Authenticator {
  /** What `WWW-Authenticate` says about it, if that header can. */
  readonly challenge?: string
  /** The request header, in lower case, that holds the secret; default `authorization`. Guesses of it are counted. */
  readonly header?: string
  /**
   * Who this is; undefined for nobody this authenticator knows. To throw says that it could not be found out: that
   * lets nobody in, is logged, and the next authenticator is asked. Whoever waits for others heeds the signal.
   */
  authenticate(credentials: Credentials, options: { signal: AbortSignal }): Promise<Identity | undefined>
  close?(): Promise<void>
}

/** What an authenticator may use when it is opened. */
export interface AuthenticatorTools {
  readonly log: Logger
  /** Whether the server asks clients for certificates and verifies them. */
  readonly verifiesClients?: boolean
  /** The plugin's option `role`: what those may do of whom the plugin itself does not know it. */
  readonly role?: Role
}

/** What the module of an authenticator exports. */
export interface AuthenticatorModule {
  /** Makes one of its options in the configuration; throws a ConfigError when they are wrong. */
  open(options: unknown, tools: AuthenticatorTools): Promise<Authenticator>
}
