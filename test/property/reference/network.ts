import { isIPv4, isIPv6 } from "node:net";

interface Address {
  readonly family: 4 | 6;
  readonly bits: bigint;
}

const MAPPED = 0xffffn << 32n;

/** Whether the address lies in the block; a block without a prefix is one address. */
export function inBlock(value: unknown, block: string): boolean {
  const address = typeof value === "string" ? addressOf(value) : undefined;
  const [base, prefix] = block.split("/");
  let network = parse(base as string);
  if (address === undefined || network === undefined) return false;
  let length = prefix === undefined ? width(network) : Number(prefix);
  if (isMapped(network)) {
    network = { family: 4, bits: network.bits & 0xffffffffn };
    length -= 96;
  }
  if (network.family !== address.family) return false;
  const ignored = BigInt(width(network) - length);
  return address.bits >> ignored === network.bits >> ignored;
}

/**
 * Whether the text is a block: an address, and a prefix length that it can have. One that is
 * IPv4 mapped to IPv6 has at least the prefix that makes it so.
 */
export function isBlock(text: string): boolean {
  const [base, prefix, ...more] = text.split("/");
  const network = parse(base as string);
  if (network === undefined || more.length > 0) return false;
  if (prefix === undefined) return true;
  if (!/^(0|[1-9]\d*)$/.test(prefix)) return false;
  const least = isMapped(network) ? 96 : 0;
  return Number(prefix) >= least && Number(prefix) <= width(network);
}

function isMapped(address: Address): boolean {
  return address.family === 6 && address.bits >> 32n === MAPPED >> 32n;
}

/** An IPv4 address mapped into IPv6 is the IPv4 address. */
function addressOf(text: string): Address | undefined {
  const address = parse(text);
  if (address === undefined || !isMapped(address)) return address;
  return { family: 4, bits: address.bits & 0xffffffffn };
}

function parse(text: string): Address | undefined {
  if (isIPv4(text)) return { family: 4, bits: dotted(text) };
  if (!isIPv6(text) || text.includes("%")) return undefined;
  const last = text.slice(text.lastIndexOf(":") + 1);
  let plain = text;
  if (isIPv4(last)) {
    const bits = dotted(last);
    const tail = `${(bits >> 16n).toString(16)}:${(bits & 0xffffn).toString(16)}`;
    plain = text.slice(0, -last.length) + tail;
  }
  const [head, rest] = plain.split("::");
  const before = groups(head);
  const after = groups(rest);
  const zeros = rest === undefined ? 0 : 8 - before.length - after.length;
  const all = [...before, ...Array<bigint>(zeros).fill(0n), ...after];
  return { family: 6, bits: all.reduce((sum, group) => (sum << 16n) | group, 0n) };
}

function groups(text: string | undefined): bigint[] {
  return text ? text.split(":").map((group) => BigInt(`0x${group}`)) : [];
}

function dotted(text: string): bigint {
  return text.split(".").reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}

function width(address: Address): number {
  return address.family === 4 ? 32 : 128;
}
