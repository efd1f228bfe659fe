import fc from "fast-check";
import { expect, it } from "vitest";
import { murmur3 } from "./murmur3.ts";

/** MurmurHash3 x86 32-bit with seed 0 as its author describes it: over bytes, in big integers. */
function reference(bytes: Uint8Array): number {
  const times = (a: number, b: number): number => Number((BigInt(a) * BigInt(b)) & 0xffffffffn);
  const rotated = (a: number, by: number): number =>
    Number(((BigInt(a) << BigInt(by)) | (BigInt(a) >> BigInt(32 - by))) & 0xffffffffn);
  const scrambled = (block: number): number =>
    times(rotated(times(block, 0xcc9e2d51), 15), 0x1b873593);
  let hash = 0;
  const whole = bytes.length - (bytes.length % 4);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < whole; at += 4) {
    const mixed = rotated((hash ^ scrambled(view.getUint32(at, true))) >>> 0, 13);
    hash = (times(mixed, 5) + 0xe6546b64) >>> 0;
  }
  let rest = 0;
  for (let at = bytes.length - 1; at >= whole; at--) rest = rest * 256 + (bytes[at] ?? 0);
  hash = (hash ^ scrambled(rest) ^ bytes.length) >>> 0;
  hash = times((hash ^ (hash >>> 16)) >>> 0, 0x85ebca6b);
  hash = times((hash ^ (hash >>> 13)) >>> 0, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

// Writes U+FFFD for lone surrogates, as all encoders do.
const encoder = new TextEncoder();

/** The first and last code units, and code points, of each length in UTF-8 and of surrogates. */
const EDGES = [
  ..."\0\x7f\x80\u07ff\u0800\ud7ff\ue000\uffff",
  "\u{10000}",
  "\u{10ffff}",
  "\ud800",
  "\udbff",
  "\udc00",
  "\udfff",
];

it("hashes each kind of character at each place of a block, alone and before another", () => {
  for (const before of ["", "a", "ab", "abc", "abcd", "abcde"]) {
    for (const edge of EDGES) {
      for (const after of ["", "z", "zyxw", ...EDGES]) {
        const text = before + edge + after;
        expect(murmur3(text), JSON.stringify(text)).toBe(reference(encoder.encode(text)));
      }
    }
  }
});

it("hashes any string as the bytes of its UTF-8", () => {
  const anyText = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom(...EDGES) }),
  );
  fc.assert(
    fc.property(anyText, (text) => {
      expect(murmur3(text)).toBe(reference(encoder.encode(text)));
    }),
  );
});
