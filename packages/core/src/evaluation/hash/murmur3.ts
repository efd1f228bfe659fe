/**
 * MurmurHash3 x86 32-bit with seed 0 over the UTF-8 bytes of a string, as an unsigned 32-bit
 * integer. Encodes while it hashes, so nothing is allocated. A lone surrogate is hashed as
 * U+FFFD, the replacement that every UTF-8 encoder writes for it.
 */
export function murmur3(text: string): number {
  let hash = 0;
  let block = 0;
  let bytes = 0;
  const length = text.length;
  let index = 0;
  // Whole blocks of ASCII, which nearly all units and salts are.
  for (; index + 4 <= length; index += 4) {
    const first = text.charCodeAt(index);
    const second = text.charCodeAt(index + 1);
    const third = text.charCodeAt(index + 2);
    const fourth = text.charCodeAt(index + 3);
    if ((first | second | third | fourth) >= 0x80) break;
    hash = mixIn(hash, first | (second << 8) | (third << 16) | (fourth << 24));
  }
  bytes = index;
  for (; index < length; index++) {
    let code = text.charCodeAt(index);
    if (code >= 0xd800 && code <= 0xdfff) {
      const low = code < 0xdc00 && index + 1 < length ? text.charCodeAt(index + 1) : 0;
      if (low >= 0xdc00 && low <= 0xdfff) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        index++;
      } else {
        code = 0xfffd;
      }
    }
    // The code point's UTF-8 bytes, first byte lowest, and how many they are.
    let encoded: number;
    let count: number;
    if (code < 0x80) {
      encoded = code;
      count = 1;
    } else if (code < 0x800) {
      encoded = 0xc0 | (code >> 6) | ((0x80 | (code & 0x3f)) << 8);
      count = 2;
    } else if (code < 0x10000) {
      encoded =
        0xe0 | (code >> 12) | ((0x80 | ((code >> 6) & 0x3f)) << 8) | ((0x80 | (code & 0x3f)) << 16);
      count = 3;
    } else {
      encoded =
        0xf0 |
        (code >> 18) |
        ((0x80 | ((code >> 12) & 0x3f)) << 8) |
        ((0x80 | ((code >> 6) & 0x3f)) << 16) |
        ((0x80 | (code & 0x3f)) << 24);
      count = 4;
    }
    const filled = bytes & 3;
    block |= encoded << (filled << 3);
    bytes += count;
    if (filled + count >= 4) {
      hash = mixIn(hash, block);
      // What did not fit into the block begins the next one. A shift by 32 would be one by 0.
      block = filled === 0 ? 0 : encoded >>> ((4 - filled) << 3);
    }
  }
  if ((bytes & 3) !== 0) hash ^= scramble(block);
  return fmix32(hash ^ bytes);
}

function mixIn(hash: number, block: number): number {
  const mixed = hash ^ scramble(block);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function scramble(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}

/** Murmur3's finaliser: a bijection of 32-bit integers that spreads every bit over all. */
export function fmix32(value: number): number {
  let hash = value;
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  hash ^= hash >>> 16;
  return hash >>> 0;
}
