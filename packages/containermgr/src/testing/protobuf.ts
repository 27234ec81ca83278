/**
 * Reads the one thing that kubectl sends in protobuf also to servers that speak JSON: the options of a deletion.
 * The envelope is four bytes `k8s\0` and a message whose second field is the object.
 */

/** The media type of it. */
export const PROTOBUF = 'application/vnd.kubernetes.protobuf'

/** The options of a deletion as they would be in JSON. */
export function readDeleteOptions(bytes: Buffer): { gracePeriodSeconds?: number } {
  const object = fieldsOf(bytes.subarray(4)).get(2)
  const gracePeriod = Buffer.isBuffer(object) ? fieldsOf(object).get(1) : undefined
  return typeof gracePeriod === 'number' ? { gracePeriodSeconds: gracePeriod } : {}
}

/** The fields of a message by their numbers: numbers and nested bytes, which is all there is in these. */
function fieldsOf(bytes: Buffer): Map<number, number | Buffer> {
  const fields = new Map<number, number | Buffer>()
  let at = 0
  const number = () => {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++] ?? 0
      value += (byte & 127) * factor
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const tag = number()
    const value = number()
    const isNested = (tag & 7) === 2
    fields.set(tag >> 3, isNested ? bytes.subarray(at, at + value) : value)
    if (isNested) at += value
  }
  return fields
}
