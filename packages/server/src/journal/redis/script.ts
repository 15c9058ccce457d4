import { createHash } from "node:crypto";
import { ErrorReply } from "redis";
import type { RedisConnection } from "./connection.js";

/** A Lua script: Redis runs it as one step, nothing happens in between. */
class Script {
  readonly #source: string;
  readonly #sha: string;

  constructor(source: string) {
    this.#source = source;
    this.#sha = createHash("sha1").update(source).digest("hex");
  }

  async run(
    connection: RedisConnection,
    keys: readonly string[],
    args: readonly (string | number)[],
    timeoutMs: number,
  ): Promise<unknown> {
    const rest = [`${keys.length}`, ...keys, ...args.map(String)];
    try {
      return await connection.send(["EVALSHA", this.#sha, ...rest], timeoutMs);
    } catch (error) {
      // Redis forgets scripts when it restarts.
      if (!(error instanceof ErrorReply) || !error.message.startsWith("NOSCRIPT")) throw error;
      return await connection.send(["EVAL", this.#source, ...rest], timeoutMs);
    }
  }
}

/**
 * Appends a group of appends of one node, each of them wholly or not at all.
 *
 * A node numbers its groups. One that was asked for again, because its answer was lost with a connection, gets the
 * first answer; one that comes later than its node waited for it is refused.
 *
 * Where many nodes write all the time, the log would hardly ever still end where decisions were made. So stale
 * decisions hold the log: the other nodes' appends wait until new ones are made on what there is now, or a moment has passed.
 *
 * KEYS log, head, groups, lease, hold
 * ARGV node id, number of the group, Redis time (ms) after which it is refused, lease held or "", how long to hold (ms),
 *      then for each append: seq the log has to end at or "" for facts, its time, how many events, events as JSON
 * Returns "late", "held", or a list with, per append: seq of its last event, "stale" or "not_leader"; and at its end
 *      the seq of the log's last event.
 */
export const appendScript = new Script(`
local node, number, notAfter, lease = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local before = redis.call('HGET', KEYS[3], node)
if before then
  local split = string.find(before, ' ', 1, true)
  local last = tonumber(string.sub(before, 1, split - 1))
  if last == tonumber(number) then return cjson.decode(string.sub(before, split + 1)) end
  if last > tonumber(number) then return 'late' end
end
local time = redis.call('TIME')
if tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000 > notAfter then return 'late' end
local hold = redis.call('GET', KEYS[5])
if hold and hold ~= lease then return 'held' end
local head = redis.call('HMGET', KEYS[2], 'seq', 'at')
local seq, at = tonumber(head[1] or '0'), head[2] or '0'
local leads = lease ~= '' and redis.call('GET', KEYS[4]) == lease
local results = {}
local changed, decided, stale = false, false, false
for i = 6, #ARGV, 4 do
  local basis, count = ARGV[i], tonumber(ARGV[i + 2])
  if basis ~= '' and not leads then
    results[#results + 1] = 'not_leader'
  elseif basis ~= '' and tonumber(basis) ~= seq then
    results[#results + 1] = 'stale'
    stale = true
  else
    if basis ~= '' then decided = true end
    if count > 0 then
      if tonumber(ARGV[i + 1]) > tonumber(at) then at = ARGV[i + 1] end
      seq = seq + count
      redis.call('XADD', KEYS[1], string.format('%.0f-0', seq), 'n', node, 'a', at, 'e', ARGV[i + 3])
      changed = true
    end
    results[#results + 1] = string.format('%.0f', seq)
  end
end
if changed then redis.call('HSET', KEYS[2], 'seq', string.format('%.0f', seq), 'at', at) end
results[#results + 1] = string.format('%.0f', seq)
if stale then redis.call('SET', KEYS[5], lease, 'PX', ARGV[5])
elseif decided and hold then redis.call('DEL', KEYS[5]) end
redis.call('HSET', KEYS[3], node, number .. ' ' .. cjson.encode(results))
return results
`);

/**
 * Says that a node lives, and takes or keeps the lease where it can be had.
 *
 * KEYS lease, tokens, nodes, groups
 * ARGV node id, lease believed to be held or "", life of the lease (ms), life of a sign of life (ms)
 * Returns the lease as it is now, its remaining life (ms), the time (epoch ms), then the ids of the live nodes.
 */
export const beatScript = new Script(`
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('ZADD', KEYS[3], now + tonumber(ARGV[4]), ARGV[1])
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now)) do
  redis.call('ZREM', KEYS[3], gone)
  redis.call('HDEL', KEYS[4], gone)
end
local lease = redis.call('GET', KEYS[1])
if lease and lease == ARGV[2] then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
elseif not lease then
  lease = string.format('%.0f', redis.call('INCR', KEYS[2])) .. ' ' .. ARGV[1]
  redis.call('SET', KEYS[1], lease, 'PX', ARGV[3])
end
local reply = { lease, redis.call('PTTL', KEYS[1]), string.format('%.0f', now) }
for _, node in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do reply[#reply + 1] = node end
return reply
`);

/**
 * Lets go of the lease and of the place among the live nodes.
 *
 * KEYS lease, nodes, groups; ARGV node id, lease held or ""
 */
export const byeScript = new Script(`
if redis.call('GET', KEYS[1]) == ARGV[2] then redis.call('DEL', KEYS[1]) end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
return 'OK'
`);

/**
 * Takes a snapshot, if it is newer than the one there is and the log has the very entry its state ends with: a node that
 * was paused, or has applied events that Redis lost, leaves nothing behind.
 *
 * KEYS snapshot, log
 * ARGV id of the entry, its seq, the state, the entry as JSON, then the entry's fields
 * Returns "taken" and the seq of the snapshot before, "older" and the seq of the one there is, or "foreign" and 0.
 */
export const snapshotScript = new Script(`
local before = tonumber(redis.call('HGET', KEYS[1], 'seq') or '0')
if before >= tonumber(ARGV[2]) then return { 'older', before } end
local found = redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[1])[1]
if not found or #found[2] ~= #ARGV - 4 then return { 'foreign', 0 } end
for i, field in ipairs(found[2]) do
  if field ~= ARGV[i + 4] then return { 'foreign', 0 } end
end
redis.call('HSET', KEYS[1], 'seq', ARGV[2], 'state', ARGV[3], 'entry', ARGV[4], 'before', string.format('%.0f', before))
return { 'taken', before }
`);

/**
 * Moves the beginning of a log to its archive, in one step: at no time is an event in neither of them or in both.
 *
 * KEYS log, archive
 * ARGV ids of the first and the last entry, those and all between packed, the id after the last one's
 */
export const archiveScript = new Script(`
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
if not first or first[1] ~= ARGV[1] then return 'gone' end
if not redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])[1] then return 'gone' end
redis.call('XADD', KEYS[2], ARGV[2], 'z', ARGV[3])
redis.call('XTRIM', KEYS[1], 'MINID', ARGV[4])
return 'moved'
`);
