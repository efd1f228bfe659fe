import { createHash } from "node:crypto";

/** A script of Redis, which runs alone: what it reads is of one moment, what it writes is whole. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

function script(text: string): Script {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}

/**
 * Makes a store where nothing of one is. KEYS: meta, definitions, overrides, audit. ARGV: the id of
 * a new store, or nothing to make none. Gives the version of the layout that was there, 0 for none,
 * and -1 when there is data without what says its version.
 */
export const FOUND: Script = script(`
  local schema = redis.call('HGET', KEYS[1], 'schema')
  if schema then return tonumber(schema) end
  if redis.call('EXISTS', KEYS[2], KEYS[3], KEYS[4]) > 0 then return -1 end
  if ARGV[1] ~= '' then
    redis.call('HSET', KEYS[1], 'id', ARGV[1], 'version', '0', 'audited', '0', 'schema', '1')
  end
  return 0`);

/**
 * What every process holds. KEYS: meta, definitions, versions, the overrides for everybody. ARGV:
 * the version that is known. Gives id and version, and if that is another one: names and versions
 * of all definitions, names of those that are newer, their rows, the overrides.
 */
export const CONTENTS: Script = script(`
  local state = redis.call('HMGET', KEYS[1], 'id', 'version')
  if not state[1] or not state[2] or state[2] == ARGV[1] then return state end
  local newer = redis.call('ZRANGEBYSCORE', KEYS[3], '(' .. ARGV[1], '+inf')
  local rows = {}
  for first = 1, #newer, 500 do
    local last = math.min(first + 499, #newer)
    for _, row in ipairs(redis.call('HMGET', KEYS[2], unpack(newer, first, last))) do
      rows[#rows + 1] = row
    end
  end
  local all = redis.call('ZRANGE', KEYS[3], 0, -1, 'WITHSCORES')
  return { state[1], state[2], all, newer, rows, redis.call('HVALS', KEYS[4]) }`);

/** What is known of a subject. KEYS: meta, the user's groups, the scopes. */
export const SUBJECT: Script = script(`
  local state = redis.call('HMGET', KEYS[1], 'id', 'version')
  local rows = {}
  for scope = 3, #KEYS do
    for _, row in ipairs(redis.call('HVALS', KEYS[scope])) do rows[#rows + 1] = row end
  end
  return { state[1], state[2], redis.call('SMEMBERS', KEYS[2]), rows }`);

/**
 * What was written after a version. KEYS: meta, audit. ARGV: the version, most entries. Gives id and
 * version, and for each entry, newest first, its version and what it touched.
 */
export const LOOK: Script = script(`
  local state = redis.call('HMGET', KEYS[1], 'id', 'version')
  local since, most = tonumber(ARGV[1]), tonumber(ARGV[2])
  local found, last = {}, '+'
  if state[2] and tonumber(state[2]) > since then
    while last and #found < 2 * most do
      local entries = redis.call('XREVRANGE', KEYS[2], last, '-', 'COUNT', 100)
      last = nil
      for _, entry in ipairs(entries) do
        local version, touched = entry[2][2], entry[2][4]
        if tonumber(version) <= since then last = nil break end
        found[#found + 1] = version
        found[#found + 1] = touched
        local number = tonumber(string.match(entry[1], '^%d+')) - 1
        last = number > 0 and string.format('%.0f-0', number) or nil
      end
    end
  end
  return { state[1], state[2], found }`);

/**
 * Several commands that read. KEYS: meta, and whatever they read. ARGV: for each the number of its
 * arguments, its name, the number of its key, its arguments. Gives id, version, the id of the newest
 * entry of the audit, and what each gives.
 */
export const READ: Script = script(`
  local state = redis.call('HMGET', KEYS[1], 'id', 'version', 'audited')
  local answers, at = {}, 1
  while at <= #ARGV do
    local count = tonumber(ARGV[at])
    local key = KEYS[tonumber(ARGV[at + 2])]
    answers[#answers + 1] = redis.call(ARGV[at + 1], key, unpack(ARGV, at + 3, at + 2 + count))
    at = at + 3 + count
  end
  return { state[1], state[2], state[3], answers }`);

/**
 * Makes a write if the store is what it was when the write was planned. KEYS: meta, and whatever is
 * written. ARGV: id and version before; version, newest entry of the audit and channel after;
 * commands as in READ. Gives 1, or 0 when another write was faster.
 */
export const COMMIT: Script = script(`
  local state = redis.call('HMGET', KEYS[1], 'id', 'version')
  if state[1] ~= ARGV[1] or state[2] ~= ARGV[2] then return 0 end
  local at = 6
  while at <= #ARGV do
    local count = tonumber(ARGV[at])
    local key = KEYS[tonumber(ARGV[at + 2])]
    redis.call(ARGV[at + 1], key, unpack(ARGV, at + 3, at + 2 + count))
    at = at + 3 + count
  end
  redis.call('HSET', KEYS[1], 'version', ARGV[3], 'audited', ARGV[4])
  redis.call('PUBLISH', ARGV[5], ARGV[3])
  return 1`);

/** Commands for READ and COMMIT, with the keys that they are about. */
export class Commands {
  readonly keys: string[];
  readonly arguments: string[] = [];
  readonly #numbers = new Map<string, number>();

  constructor(meta: string) {
    this.keys = [meta];
  }

  add(name: string, key: string, ...values: readonly (string | number)[]): this {
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.keys.push(key);
      this.#numbers.set(key, number);
    }
    this.arguments.push(String(values.length), name, String(number), ...values.map(String));
    return this;
  }
}

/** What a unit is assigned, kept for so long from now on. KEYS: the unit. ARGV: milliseconds. */
export const ASSIGNMENTS: Script = script(`
  local kept = redis.call('HGETALL', KEYS[1])
  if #kept > 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
  return kept`);

/**
 * Assigns a unit, unless it is. KEYS: the unit. ARGV: milliseconds, the experiment, the variant, and
 * after a `=` one that it is to replace, or nothing. Gives the variant that stands.
 */
export const ASSIGN: Script = script(`
  local kept = redis.call('HGET', KEYS[1], ARGV[2])
  if not kept or '=' .. kept == ARGV[4] then
    kept = ARGV[3]
    redis.call('HSET', KEYS[1], ARGV[2], kept)
  end
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  return kept`);
