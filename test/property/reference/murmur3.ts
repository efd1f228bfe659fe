/** murmur3_x86_32 over the UTF-8 bytes, straight from its published description. */
export function murmur3(text: string, seed = 0): number {
  const bytes = Buffer.from(text, "utf8");
  let hash = seed;
  const whole = Math.floor(bytes.length / 4);
  for (let block = 0; block < whole; block += 1) {
    let k = bytes.readUInt32LE(block * 4);
    k = Math.imul(k, 0xcc9e2d51);
    k = rotateLeft(k, 15);
    k = Math.imul(k, 0x1b873593);
    hash = rotateLeft(hash ^ k, 13);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let index = bytes.length - 1; index >= whole * 4; index -= 1) {
    tail = (tail << 8) | (bytes[index] as number);
  }
  if (bytes.length % 4 !== 0) {
    tail = Math.imul(tail, 0xcc9e2d51);
    tail = rotateLeft(tail, 15);
    hash ^= Math.imul(tail, 0x1b873593);
  }
  return finalise(hash ^ bytes.length);
}

/** murmur3's finaliser. */
export function finalise(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function rotateLeft(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

/** 0 to 99,999. In exact integers, so that no rounding can hide. */
export function bucketOf(salt: string, unit: string): number {
  const mixed = finalise((murmur3(unit) ^ murmur3(salt)) | 0);
  return Number((BigInt(mixed) * 100_000n) >> 32n);
}
