/** The settings of the network that connects the hosts of a cluster. */

/** PEM texts. What is there is copied to the host. */
export interface NetworkCertificates {
  readonly ca?: string | undefined
  readonly certificate?: string | undefined
  readonly key?: string | undefined
}

/** The network as a host needs to know it. */
export type HostNetwork =
  /** No flannel on this host. */
  | { readonly kind: 'none'; readonly why: string }
  /** There should be one, but nobody has said enough about it. */
  | { readonly kind: 'incomplete'; readonly why: string }
  | {
      readonly kind: 'flannel_etcd'
      /** URLs. */
      readonly endpoints: readonly string[]
      /** The key in etcd under which flannel's network lies. */
      readonly prefix: string
      readonly certificates?: NetworkCertificates
    }
  | {
      readonly kind: 'flannel_server'
      /** `host:port`. */
      readonly address: string
      readonly certificates?: NetworkCertificates
    }

/** The networks that flannel makes. */
export type FlannelNetwork = Extract<HostNetwork, { kind: 'flannel_etcd' | 'flannel_server' }>
