/** What the tests of all rooms share. */
export { type Authority, CertificateFolder, type CertificatePaths, makeAuthority } from './certificates.ts'
export { etcdIsThere, EtcdServer } from './brokers/etcd.ts'
export { haveNats, NatsServer, type NatsSettings } from './brokers/nats.ts'
export { answers, ErlangNode, haveRabbitMq, type NodeOptions } from './brokers/rabbitmq.ts'
export { haveRedis, RedisServer } from './brokers/redis.ts'
export { freePort, freePorts } from './free-port.ts'
export { until, type UntilOptions } from './until.ts'
