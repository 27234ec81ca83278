/** The operator: may in everywhere, and asks the server over HTTP. */
import { until } from '@commissaire/testing'
import type { Answer } from './worlds/world.ts'

/** The configuration of who is let in. The hash is a cheap one, for speed. */
export const authentication = {
  name: 'httpbasicauth',
  users: {
    a: { hash: '$scrypt$ln=4,r=8,p=1$Y29tbWlzc2FpcmUtdGVzdA$PK3Kz2VDYZge1XclWV1XqSYzzI29lBha3i3qnb6oLJY' },
  },
}

/** Asks the server at this port. */
export async function ask<T>(
  port: number,
  request: { method: string; path: string; body?: unknown },
): Promise<Answer<T>> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v0${request.path}`, {
    method: request.method,
    headers: {
      authorization: `Basic ${Buffer.from('a:a').toString('base64')}`,
      'content-type': 'application/json',
    },
    ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
    signal: AbortSignal.timeout(20_000),
  })
  const text = await response.text()
  return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as T }
}

/** Waits until the server answers, and storage answers the server. */
export async function untilServing(port: number): Promise<void> {
  const url = `http://127.0.0.1:${port}/readyz`
  await until(async () => {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) }).catch(() => undefined)
    return response?.ok || undefined
  }, 'the server is ready')
}
