/** The REST server: as an app on an existing bus, and as a server that listens. */
export { type AppOptions, createApp } from './http/app.ts'
export { type Authentication, openAuthentication } from './auth/authentication.ts'
export type {
  Authenticator,
  AuthenticatorModule,
  AuthenticatorTools,
  Credentials,
  Identity,
} from './auth/authenticator.ts'
export type { FailureLimit } from './auth/guard.ts'
export { type Role, roles } from './auth/role.ts'
export type { PluginConfiguration } from './auth/plugin-loader.ts'
export type { Backend } from './backend.ts'
export { serverFlags, ServerSettings } from './configuration.ts'
export { type RunningServer, type ServerOptions, startServer } from './server.ts'
