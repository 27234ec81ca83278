/**
 * The contract suite of store handlers, as named checks on `node:assert`: run each with a new, empty handler.
 *
 *     for (const [name, check] of Object.entries(handlerContract)) test(name, () => check(openEmptyHandler))
 */
import assert from 'node:assert/strict'
import type { HandlerPage, Place, StoreHandler } from './handler.ts'

/** Opens an empty handler; every check closes the one it was given. */
export type MakeHandler = () => Promise<StoreHandler>

/** One thing that every handler must do. */
export type HandlerCheck = (make: MakeHandler) => Promise<void>

const host = (key: string): Place => ({ model: 'Host', key })
const write = (key: string, value = '{}') => ({ ...host(key), value })
const isConflict = { code: 409 }

/** What every store handler must do. */
export const handlerContract: Record<string, HandlerCheck> = {
  async 'what was saved is there, letter by letter'(make) {
    await using handler = await make()
    const value = JSON.stringify({ text: 'ü \u0000 € 🚢 \' " ; --', long: 'x'.repeat(100_000) })
    const [written] = await handler.save([write('a', value)])
    assert.equal(written?.created, true)
    assert.deepEqual(await handler.get(host('a')), { ...write('a', value), revision: written.revision })
  },

  async 'a probe of a store that can be written resolves, and leaves nothing that is listed'(make) {
    await using handler = await make()
    await handler.save([write('a')])
    await handler.probe?.()
    assert.equal((await handler.list('Host')).length, 1)
  },

  async 'what was never saved is not there'(make) {
    await using handler = await make()
    assert.equal(await handler.get(host('a')), undefined)
    assert.deepEqual(await handler.list('Host'), [])
  },

  async 'a key is found as it is, not as a pattern and not in another case'(make) {
    await using handler = await make()
    await handler.save([write('ab')])
    for (const key of ['a%', 'a_', 'a*', 'AB', 'ab ', ''])
      assert.equal(await handler.get(host(key)), undefined, key)
  },

  async 'models do not see each other'(make) {
    await using handler = await make()
    await handler.save([write('a', '1'), { model: 'HostCreds', key: 'a', value: '2' }])
    assert.deepEqual(
      (await handler.list('Host')).map(({ value }) => value),
      ['1'],
    )
    await handler.delete([host('a')])
    assert.equal((await handler.get({ model: 'HostCreds', key: 'a' }))?.value, '2')
  },

  async 'a list of those whose keys begin so leaves out the others'(make) {
    await using handler = await make()
    const keys = ['1/a', '1/b', '10/a', '2/a', '2/\u{1F427}']
    await handler.save(keys.map((key) => ({ model: 'OperationHost', key, value: key })))
    const listed = async (prefix: string) =>
      (await handler.list('OperationHost', prefix)).map(({ key }) => key)
    assert.deepEqual(await listed('1/'), ['1/a', '1/b'])
    assert.deepEqual(await listed('2/'), ['2/a', '2/\u{1F427}'])
    assert.deepEqual(await listed('3/'), [])
    assert.equal((await listed('')).length, keys.length)
  },

  async 'a page has the first values after a key, in the order of keys'(make) {
    await using handler = await make()
    const page = (after: string, limit: number) =>
      handler.page?.('Host', { after, limit, equal: {} }).then((found) => found.map(({ key }) => key))
    if (!handler.page) return
    await handler.save(['b', 'd', 'a', 'c', 'aa'].map((key) => write(key)))
    await handler.save([{ model: 'HostCreds', key: 'bb', value: '{}' }])
    assert.deepEqual(await page('', 2), ['a', 'aa'])
    assert.deepEqual(await page('aa', 2), ['b', 'c'])
    assert.deepEqual(await page('bz', 9), ['c', 'd'])
    assert.deepEqual(await page('d', 9), [])
  },

  async 'a page has only what meets its conditions'(make) {
    await using handler = await make()
    if (!handler.page) return
    const hosts = {
      a: { status: 'active' },
      b: { status: 'failed', os: '50%_Off' },
      c: { reboot: { needed: 'yes' } },
    }
    await handler.save(Object.entries(hosts).map(([key, value]) => write(key, JSON.stringify(value))))
    const keys = async (conditions: Partial<HandlerPage>) =>
      ((await handler.page?.('Host', { after: '', limit: 9, equal: {}, ...conditions })) ?? []).map(
        ({ key }) => key,
      )
    assert.deepEqual(await keys({ equal: { status: 'active' } }), ['a'])
    assert.deepEqual(await keys({ equal: { status: '' } }), ['c'])
    assert.deepEqual(await keys({ equal: { 'reboot.needed': 'yes' } }), ['c'])
    assert.deepEqual(await keys({ equal: { status: "'; DROP TABLE models; --" } }), [])
    assert.deepEqual(await keys({ search: { paths: ['os', 'status'], text: '%_o' } }), ['b'])
    assert.deepEqual(await keys({ search: { paths: ['os', 'status'], text: 'FAIL' } }), ['b'])
    assert.deepEqual(await keys({ search: { paths: ['os'], text: 'FAIL' } }), [])
  },

  async 'a list is in the order of keys and has the revision of each'(make) {
    await using handler = await make()
    await handler.save(['b', 'c', 'a'].map((key) => write(key)))
    const list = await handler.list('Host')
    assert.deepEqual(
      list.map(({ key }) => key),
      ['a', 'b', 'c'],
    )
    for (const stored of list) assert.deepEqual(await handler.get(stored), stored)
  },

  async 'each save gives another revision, also of the same value and after a delete'(make) {
    await using handler = await make()
    const revisions = new Set<string | undefined>()
    for (let turn = 0; turn < 4; turn++) {
      revisions.add((await handler.save([write('a')]))[0]?.revision)
      if (turn === 2) await handler.delete([host('a')])
    }
    assert.equal(revisions.size, 4)
  },

  async 'a second save says that it did not create'(make) {
    await using handler = await make()
    await handler.save([write('a')])
    assert.equal((await handler.save([write('a')]))[0]?.created, false)
  },

  async 'a save that expects the present revision is done'(make) {
    await using handler = await make()
    const [first] = await handler.save([{ ...write('a', '1'), expected: null }])
    assert.ok(first)
    await handler.save([{ ...write('a', '2'), expected: first.revision }])
    assert.equal((await handler.get(host('a')))?.value, '2')
  },

  async 'a save that expects another revision is a conflict and changes nothing'(make) {
    await using handler = await make()
    const [first] = await handler.save([write('a', '1')])
    assert.ok(first)
    await handler.save([write('a', '2')])
    for (const expected of [first.revision, null, 'nonsense', '']) {
      await assert.rejects(handler.save([{ ...write('a', '3'), expected }]), isConflict)
    }
    assert.equal((await handler.get(host('a')))?.value, '2')
  },

  async 'a save that expects a revision of what is gone is a conflict'(make) {
    await using handler = await make()
    const [first] = await handler.save([write('a')])
    assert.ok(first)
    await handler.delete([host('a')])
    await assert.rejects(handler.save([{ ...write('a'), expected: first.revision }]), isConflict)
  },

  async 'of many writes with one conflict none is done'(make) {
    await using handler = await make()
    await handler.save([write('b', 'old')])
    await assert.rejects(
      handler.save([write('a'), { ...write('b'), expected: null }, write('c')]),
      isConflict,
    )
    assert.deepEqual(
      (await handler.list('Host')).map(({ value }) => value),
      ['old'],
    )
  },

  async 'of many savers who expect the same, exactly one succeeds'(make) {
    await using handler = await make()
    const attempts = Array.from({ length: 20 }, (_, turn) =>
      handler.save([{ ...write('a', String(turn)), expected: null }]),
    )
    const results = await Promise.allSettled(attempts)
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
  },

  async 'a delete gives what was there, and it is gone'(make) {
    await using handler = await make()
    await handler.save([write('a', '1'), write('b', '2')])
    const deleted = await handler.delete([host('b'), host('a')])
    assert.deepEqual(
      deleted.map((stored) => stored?.value),
      ['2', '1'],
    )
    assert.deepEqual(await handler.list('Host'), [])
  },

  async 'of many deletes with one that is not there none is done'(make) {
    await using handler = await make()
    await handler.save([write('a')])
    const found = await handler.delete([host('a'), host('nosuch')])
    assert.deepEqual(
      found.map((stored) => stored?.key),
      ['a', undefined],
    )
    assert.equal((await handler.list('Host')).length, 1)
  },

  async 'a delete that expects the present revision is done'(make) {
    await using handler = await make()
    const [saved] = await handler.save([write('a', '1')])
    assert.ok(saved)
    const found = await handler.delete([{ ...host('a'), expected: saved.revision }])
    assert.deepEqual(
      found.map((stored) => stored?.value),
      ['1'],
    )
    assert.equal(await handler.get(host('a')), undefined)
  },

  async 'a delete that expects another revision is a conflict and deletes nothing'(make) {
    await using handler = await make()
    const [first] = await handler.save([write('a', '1'), write('b')])
    assert.ok(first)
    await handler.save([write('a', '2')])
    for (const expected of [first.revision, 'nonsense', '']) {
      await assert.rejects(handler.delete([host('b'), { ...host('a'), expected }]), isConflict)
    }
    assert.deepEqual(
      (await handler.list('Host')).map(({ value }) => value),
      ['2', '{}'],
    )
  },

  async 'a delete that expects a revision of what is gone finds nothing'(make) {
    await using handler = await make()
    const [saved] = await handler.save([write('a')])
    assert.ok(saved)
    await handler.delete([host('a')])
    assert.deepEqual(await handler.delete([{ ...host('a'), expected: saved.revision }]), [undefined])
  },

  async 'of a save and a delete that expect the same revision, exactly one succeeds'(make) {
    await using handler = await make()
    for (let turn = 0; turn < 10; turn++) {
      const [saved] = await handler.save([write('a', String(turn))])
      assert.ok(saved)
      const expected = saved.revision
      const results = await Promise.allSettled([
        handler.save([{ ...write('a', 'changed'), expected }]),
        handler.delete([{ ...host('a'), expected }]),
      ])
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
    }
  },

  async 'saving and deleting nothing does nothing'(make) {
    await using handler = await make()
    assert.deepEqual(await handler.save([]), [])
    assert.deepEqual(await handler.delete([]), [])
  },

  async 'after close nothing can be read or written, and a second close does nothing'(make) {
    const handler = await make()
    await handler.save([write('a')])
    await handler.close()
    await handler.close()
    await assert.rejects(handler.get(host('a')), { kind: 'closed' })
    await assert.rejects(handler.list('Host'), { kind: 'closed' })
    await assert.rejects(handler.save([write('a')]), { kind: 'closed' })
  },
}
