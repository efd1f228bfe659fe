import type { JsonValue } from "../../json.ts";
import type { Operator, ReportOperand, Test, View } from "./operator.ts";

/** An attribute as an IP address, parsed once per subject. A zone (`fe80::1%eth0`) is ignored. */
const addressView: View<Address> = {
  name: "address",
  parse: (value) => (typeof value === "string" ? parseAddress(withoutZone(value)) : null),
};

export const networkOperators: readonly Operator<Address>[] = [
  { name: "cidr", view: addressView, prepare: prepareCidr },
];

/** An address range: the words of `mask` say which bits of an address have to be those of `base`. */
interface Network {
  readonly base: Address;
  readonly mask: Address;
}

/** Whether the address is in any of the networks; v4 and v6 are worlds apart (`::/0` has no v4). */
function prepareCidr(
  values: readonly JsonValue[],
  _options: unknown,
  report: ReportOperand,
): Test<Address> {
  const networks: Network[] = [];
  for (const [index, value] of values.entries()) {
    const network = typeof value === "string" ? parseNetwork(value) : INVALID;
    if (typeof network === "string") report(network, index);
    else networks.push(network);
  }
  const [only] = networks;
  if (networks.length === 1 && only !== undefined) return (address) => contains(only, address);
  return (address) => {
    for (const network of networks) if (contains(network, address)) return true;
    return false;
  };
}

function contains({ base, mask }: Network, address: Address): boolean {
  return (
    address.v4 === base.v4 &&
    ((address.word3 ^ base.word3) & mask.word3) === 0 &&
    ((address.word2 ^ base.word2) & mask.word2) === 0 &&
    ((address.word1 ^ base.word1) & mask.word1) === 0 &&
    ((address.word0 ^ base.word0) & mask.word0) === 0
  );
}

const INVALID = "must be an IPv4 or IPv6 address or network, such as 10.0.0.0/8 or 2001:db8::/32";
const MAPPED = "must have a prefix of 96 to 128, because its address is IPv4 mapped to IPv6";

/** `address` or `address/prefix`; what is wrong with it as a string. */
function parseNetwork(text: string): Network | string {
  const slash = text.indexOf("/");
  const written = slash < 0 ? text : text.slice(0, slash);
  const base = parseAddress(written);
  if (base === null) return INVALID;
  if (slash < 0) return { base, mask: maskOf(128) };
  const prefix = text.slice(slash + 1);
  if (!/^(?:0|[1-9]\d{0,2})$/.test(prefix)) return INVALID;
  // Every v4 address is held as its mapped form, whose own 32 bits begin at bit 96.
  const mapped = base.v4 && written.includes(":");
  const bits = base.v4 && !mapped ? Number(prefix) + 96 : Number(prefix);
  if (bits > 128) return INVALID;
  return mapped && bits < 96 ? MAPPED : { base, mask: maskOf(bits) };
}

function maskOf(bits: number): Address {
  return {
    v4: false,
    word0: wordMask(bits),
    word1: wordMask(bits - 32),
    word2: wordMask(bits - 64),
    word3: wordMask(bits - 96),
  };
}

/** The highest `bits` of 32 (shifts count modulo 32, so none and all are cases of their own). */
function wordMask(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

/** Sockets say through which interface a link-local address was seen: no part of the address. */
function withoutZone(text: string): string {
  const percent = text.indexOf("%");
  return percent > 0 && percent < text.length - 1 && text.includes(":")
    ? text.slice(0, percent)
    : text;
}

/**
 * An IP address as four 32-bit words, the first the highest. A v4 address is held as the v6
 * address that it is mapped to (`::ffff:a.b.c.d`), so that the two ways to write it are one.
 */
interface Address {
  readonly v4: boolean;
  readonly word0: number;
  readonly word1: number;
  readonly word2: number;
  readonly word3: number;
}

/**
 * Reads dotted IPv4 or any form of IPv6 (RFC 4291: `::` for one group of zeros or more, the last
 * 32 bits as dotted IPv4). `null` for anything else, such as octets with leading zeros, which
 * systems read differently, prefixes, zones and white space.
 */
function parseAddress(text: string): Address | null {
  if (text.length > LONGEST_ADDRESS) return null;
  if (!text.includes(":")) {
    const word = parseV4(text);
    return word === null ? null : { v4: true, word0: 0, word1: 0, word2: 0xffff, word3: word };
  }
  const groups = parseGroups(text);
  if (groups === null) return null;
  const word0 = wordAt(groups, 0);
  const word1 = wordAt(groups, 2);
  const word2 = wordAt(groups, 4);
  const word3 = wordAt(groups, 6);
  return { v4: word0 === 0 && word1 === 0 && word2 === 0xffff, word0, word1, word2, word3 };
}

const LONGEST_ADDRESS = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".length;
const OCTET = /^(?:0|[1-9]\d{0,2})$/;
const GROUP = /^[0-9A-Fa-f]{1,4}$/;

function wordAt(groups: readonly number[], index: number): number {
  return ((groups[index] ?? 0) << 16) | (groups[index + 1] ?? 0);
}

function parseV4(text: string): number | null {
  const octets = text.split(".");
  if (octets.length !== 4) return null;
  let word = 0;
  for (const octet of octets) {
    if (!OCTET.test(octet) || Number(octet) > 255) return null;
    word = (word << 8) | Number(octet);
  }
  return word;
}

/** The eight 16-bit groups of a v6 address. */
function parseGroups(text: string): number[] | null {
  const halves = text.split("::");
  const [head = "", tail] = halves;
  if (halves.length > 2) return null;
  const before = parseHalf(head, tail === undefined);
  const after = parseHalf(tail ?? "", true);
  if (before === null || after === null) return null;
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  return [...before, ...Array<number>(missing).fill(0), ...after];
}

/** The groups on one side of `::`; dotted v4 may stand at the `end` of the address only. */
function parseHalf(text: string, end: boolean): number[] | null {
  const groups: number[] = [];
  if (text === "") return groups;
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (GROUP.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      const word = end && index === parts.length - 1 ? parseV4(part) : null;
      if (word === null) return null;
      groups.push(word >>> 16, word & 0xffff);
    }
  }
  return groups;
}
