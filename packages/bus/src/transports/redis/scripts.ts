/**
 * Lua scripts for what must be atomic on Redis. Each script is one round trip.
 *
 * A claim has three entries: in kombu's `unacked` (the message) and `unacked_index` (when it was claimed), so that kombu
 * processes can restore it, and in our sorted set of leases (when it expires), so that ours restore it much sooner.
 * The id of a claim is never reused. The process that removes it from `unacked` is the only one that moves the message.
 */

import { createHash } from 'node:crypto'

import { deadLetterLimits } from '../../edge/dead-letter-limits.ts'

/** A script and the hash by which Redis caches it. */
export interface Script {
  readonly lua: string
  readonly sha: string
}

function script(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') }
}

/** The prefix of the reply queues of all callers, Python ones included; only those queues expire. */
export const replyPrefix = 'response-'

/** How long a reply that is not read stays on its queue, in seconds. */
export const replyExpiry = 300

/**
 * Publishes a batch if the bindings are those it was routed with; otherwise returns the current bindings.
 * KEYS: binding set. ARGV: the number of bindings, the bindings; then list, number of messages, messages; and so on.
 */
export const publish = script(`
local bindings = tonumber(ARGV[1])
local function changed()
  if redis.call('SCARD', KEYS[1]) ~= bindings then return true end
  for first = 2, bindings + 1, 1000 do
    local last = math.min(first + 999, bindings + 1)
    for _, known in ipairs(redis.call('SMISMEMBER', KEYS[1], unpack(ARGV, first, last))) do
      if known == 0 then return true end
    end
  end
  return false
end
if changed() then return redis.call('SMEMBERS', KEYS[1]) end
local at = bindings + 2
while at < #ARGV do
  local last = at + 1 + tonumber(ARGV[at + 1])
  redis.pcall('LPUSH', ARGV[at], unpack(ARGV, at + 2, last))
  at = last + 1
end
return 'sent'
`)

/** The hash that counts, list by list, how many set-aside messages were dropped to make room. */
export const droppedKey = '_commissaire.dead.dropped'

/** Sets a text aside; the oldest are dropped where a bound is reached. A list that is none is left alone. */
const setAside = `
local function drop(list)
  if redis.pcall('RPOP', list) then redis.call('HINCRBY', '${droppedKey}', list, 1) end
end
local function setAside(list, text)
  redis.pcall('LPUSH', list, text)
  local length = redis.pcall('LLEN', list)
  if type(length) ~= 'number' then return end
  for _ = ${deadLetterLimits.messages} + 1, length do drop(list) end
  while redis.call('LLEN', list) > 1 and redis.call('MEMORY', 'USAGE', list) > ${deadLetterLimits.bytes} do
    drop(list)
  end
end
`

/** Shared by the scripts below: ends a claim, and makes its pushes only if the claim still existed. */
const finish = `${setAside}
local answered = {}
local function push(how, list, text)
  if how == 'answer' then
    redis.pcall('LPUSH', list, text)
    if string.sub(list, 1, ${replyPrefix.length}) == '${replyPrefix}' then answered[list] = true end
  elseif how == 'last' then setAside(list, text)
  else redis.pcall('RPUSH', list, text) end
end
local function finish(id, at, pushes)
  local mine = redis.call('HDEL', KEYS[2], id) == 1
  for _ = 1, pushes do
    if mine then push(ARGV[at], ARGV[at + 1], ARGV[at + 2]) end
    at = at + 3
  end
  return at
end
local function expireAnswers()
  for list in pairs(answered) do redis.call('EXPIRE', list, ${replyExpiry}) end
end
`

/** `unacked_index` is in seconds, as kombu writes it; leases are in milliseconds. Whole numbers are the fastest scores. */
const clock = `
local clock = redis.call('TIME')
local seconds = tonumber(clock[1])
local milliseconds = seconds * 1000 + math.floor(tonumber(clock[2]) / 1000)
`

/**
 * Settles finished messages and claims as many new ones as there is capacity for.
 * KEYS: unacked_index, unacked, leases, the lists of the queue.
 * ARGV: number of settlements; for each the claim's id, a number of pushes, and for each push how, list and text; then
 * the capacity, milliseconds of the lease, prefix and first number of the claims' ids, the end of their values, and the
 * list of dead letters.
 * Returns the claimed texts, all of one priority; an empty one stands for an element that was not a message and was set aside.
 */
export const settleAndClaim = script(`${finish}
local settlements = tonumber(ARGV[1])
local at = 2
if settlements > 0 then
  local ids = {}
  for i = 1, settlements do
    ids[i] = ARGV[at]
    at = finish(ARGV[at], at + 2, tonumber(ARGV[at + 1]))
  end
  redis.call('ZREM', KEYS[1], unpack(ids))
  redis.call('ZREM', KEYS[3], unpack(ids))
  expireAnswers()
end
local room = tonumber(ARGV[at])
if room == 0 then return {} end
local popped = redis.call('LMPOP', 4, KEYS[4], KEYS[5], KEYS[6], KEYS[7], 'RIGHT', 'COUNT', room)
if not popped then return {} end
local taken = popped[2]
${clock}
local lease, prefix, first, tail = ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3]), ARGV[at + 4]
local claims, index, leases = {}, {}, {}
for i, text in ipairs(taken) do
  if string.find(text, '^%s*{') and string.find(text, '}%s*$') then
    local id = prefix .. string.format('%d', first + i - 1)
    local n = #claims
    claims[n + 1], claims[n + 2] = id, '[' .. text .. tail
    index[n + 1], index[n + 2] = seconds, id
    leases[n + 1], leases[n + 2] = milliseconds + lease, id
  else
    setAside(ARGV[at + 5], text)
    taken[i] = ''
  end
end
if #claims > 0 then
  redis.call('HSET', KEYS[2], unpack(claims))
  redis.call('ZADD', KEYS[1], unpack(index))
  redis.call('ZADD', KEYS[3], unpack(leases))
end
return taken
`)

/**
 * Renews the leases of claims. Returns the ids of the claims that no longer exist.
 * KEYS: unacked_index, leases. ARGV: milliseconds of the lease, ids.
 */
export const renew = script(`${clock}
local lost = {}
for i = 2, #ARGV do
  if redis.call('ZSCORE', KEYS[2], ARGV[i]) then
    redis.call('ZADD', KEYS[1], 'XX', seconds, ARGV[i])
    redis.call('ZADD', KEYS[2], 'XX', milliseconds + ARGV[1], ARGV[i])
  else lost[#lost + 1] = ARGV[i] end
end
return lost
`)

/**
 * Finds claims whose lease has expired: id, value, id, value, and so on.
 * Removes leases without a message, which remain when \`unacked\` is emptied.
 * KEYS: leases, unacked. ARGV: how many.
 */
export const findExpired = script(`${clock}
local found = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', milliseconds, 'LIMIT', 0, ARGV[1])) do
  local value = redis.call('HGET', KEYS[2], id)
  if value then
    found[#found + 1] = id
    found[#found + 1] = value
  else redis.call('ZREM', KEYS[1], id) end
end
return found
`)

/**
 * Removes an expired claim and makes its pushes, unless another process did so first.
 * KEYS: unacked_index, unacked, leases. ARGV: id, number of pushes, and each push how, list and text.
 */
export const restore = script(`${finish}${clock}
local lease = redis.call('ZSCORE', KEYS[3], ARGV[1])
if not lease or tonumber(lease) > milliseconds then return 0 end
finish(ARGV[1], 3, tonumber(ARGV[2]))
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
expireAnswers()
return 1
`)

/**
 * Removes one element from a list, and pushes a text to the front of another list when one is given.
 * KEYS: from. ARGV: the element; then optionally list and text.
 */
export const move = script(`
if redis.call('LREM', KEYS[1], 1, ARGV[1]) == 0 then return 0 end
if ARGV[2] then redis.call('RPUSH', ARGV[2], ARGV[3]) end
return 1
`)
