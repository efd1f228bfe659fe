import { describe, expect, it } from "vitest";
import type { JsonValue } from "../../json.ts";
import { findOperator } from "./index.ts";
import {
  type AttributeValue,
  DEFAULT_MAX_SUBJECT_LENGTH,
  OBJECT,
  type OperatorOptions,
} from "./operator.ts";

const OPTIONS: OperatorOptions = {
  orEqual: false,
  regexEngine: undefined,
  maxSubjectLength: DEFAULT_MAX_SUBJECT_LENGTH,
  counters: { oversizedSubjects: 0 },
};

/** The outcome of a clause on an attribute that is there. */
function outcome(
  attribute: AttributeValue,
  name: string,
  values: readonly JsonValue[],
  options: Partial<OperatorOptions> = {},
): boolean {
  const operator = findOperator(name)!;
  const test = operator.prepare(values, { ...OPTIONS, ...options }, (message) => {
    throw new Error(message);
  });
  const value = operator.view === undefined ? attribute : operator.view.parse(attribute);
  return (value !== null && test(value)) !== (operator.negated ?? false);
}

function problems(name: string, values: readonly JsonValue[]): [string, number | undefined][] {
  const found: [string, number | undefined][] = [];
  findOperator(name)!.prepare(values, OPTIONS, (message, index) => found.push([message, index]));
  return found;
}

type Case = [attribute: AttributeValue, values: JsonValue[], expected: boolean];

const cases: Case[] = [
  ["10.1.2.3", ["10.0.0.0/8"], true],
  ["11.1.2.3", ["10.0.0.0/8"], false],
  ["10.1.2.3", ["10.1.2.3"], true],
  ["10.1.2.4", ["10.1.2.3"], false],
  ["10.1.2.4", ["10.1.2.3/32"], false],
  ["255.255.255.255", ["0.0.0.0/0"], true],
  ["128.0.0.1", ["128.0.0.0/1"], true],
  ["127.0.0.1", ["128.0.0.0/1"], false],
  ["192.168.1.127", ["192.168.1.99/25"], true],
  ["192.168.1.128", ["192.168.1.99/25"], false],
  ["192.168.3.255", ["192.168.2.77/23"], true],
  ["10.1.2.3", ["192.168.0.0/16", "10.0.0.0/8"], true],
  ["172.16.0.1", ["192.168.0.0/16", "10.0.0.0/8"], false],
  ["2001:db8::1", ["2001:db8::/32"], true],
  ["2001:DB8:ffff::", ["2001:db8::/32"], true],
  ["2001:db9::1", ["2001:db8::/32"], false],
  ["::1", ["::1"], true],
  ["0:0:0:0:0:0:0:1", ["::1"], true],
  ["::2", ["::1/127"], false],
  ["::", ["::1/127"], true],
  ["2001:db8:0:1::", ["2001:db8::1:0:0:0:0/64"], true],
  ["fe80::1", ["fe80::/10"], true],
  ["febf::1", ["fe80::/10"], true],
  ["fec0::1", ["fe80::/10"], false],
  ["1::8", ["::/0"], true],
  ["64:ff9b::1.2.3.4", ["64:ff9b::102:304"], true],
  ["64:ff9b::102:304", ["64:ff9b::1.2.3.0/120"], true],
  ["1:2:3:4:5:6:1.2.3.4", ["1:2:3:4:5:6:102:304"], true],
  ["1:2:3:4:5:6:7::", ["1:2:3:4:5:6:7:0"], true],
  ["::2:3:4:5:6:7:8", ["0:2:3:4:5:6:7:8"], true],
  // IPv4 mapped to IPv6 is IPv4, on either side.
  ["::ffff:10.1.2.3", ["10.0.0.0/8"], true],
  ["::ffff:a01:203", ["10.1.2.3"], true],
  ["0:0:0:0:0:ffff:10.1.2.3", ["10.0.0.0/8"], true],
  ["10.1.2.3", ["::ffff:10.1.2.3"], true],
  ["10.1.2.3", ["::ffff:10.0.0.0/104"], true],
  ["11.1.2.3", ["::ffff:10.0.0.0/104"], false],
  ["11.1.2.3", ["::ffff:10.0.0.0/96"], true],
  ["::ffff:10.1.2.4", ["::ffff:10.1.2.3/128"], false],
  // The two worlds do not mix otherwise.
  ["10.1.2.3", ["::/0"], false],
  ["::ffff:10.1.2.3", ["::/0"], false],
  ["::1", ["0.0.0.0/0"], false],
  ["::10.1.2.3", ["10.1.2.3"], false],
  // Zones are no part of an address.
  ["fe80::1%eth0", ["fe80::/10"], true],
  ["fe80::1%", ["fe80::/10"], false],
  ["10.1.2.3%eth0", ["10.0.0.0/8"], false],
  // No addresses.
  ["10.1.2", ["0.0.0.0/0"], false],
  ["10.1.2.3.4", ["0.0.0.0/0"], false],
  ["010.1.2.3", ["0.0.0.0/0"], false],
  ["10.1.2.00", ["0.0.0.0/0"], false],
  ["256.1.2.3", ["0.0.0.0/0"], false],
  ["10.1.2.", ["0.0.0.0/0"], false],
  ["10.1.2.0x3", ["0.0.0.0/0"], false],
  ["10.1.2.-3", ["0.0.0.0/0"], false],
  [" 10.1.2.3", ["0.0.0.0/0"], false],
  ["10.1.2.3\n", ["0.0.0.0/0"], false],
  ["10.1.2.3/32", ["0.0.0.0/0"], false],
  ["", ["0.0.0.0/0", "::/0"], false],
  [":", ["::/0"], false],
  [":::", ["::/0"], false],
  ["1::2::3", ["::/0"], false],
  ["1:2:3:4:5:6:7", ["::/0"], false],
  ["1:2:3:4:5:6:7:8:9", ["::/0"], false],
  ["1:2:3:4::5:6:7:8", ["::/0"], false],
  ["12345::", ["::/0"], false],
  ["g::", ["::/0"], false],
  [":1::", ["::/0"], false],
  ["1:", ["::/0"], false],
  ["::1.2.3.4:5", ["::/0"], false],
  ["1.2.3.4::", ["::/0"], false],
  ["::1.2.3", ["::/0"], false],
  ["::01.2.3.4", ["::/0"], false],
  ["[::1]", ["::/0"], false],
  [167_838_211, ["10.0.0.0/8"], false],
  [["10.1.2.3"], ["10.0.0.0/8"], false],
  [OBJECT, ["::/0"], false],
];

describe("cidr", () => {
  it.each(cases)("%o in %j is %s", (attribute, values, expected) => {
    expect(outcome(attribute, "cidr", values)).toBe(expected);
  });

  it.each([
    "10.0.0.0/33",
    "10.0.0.0/08",
    "10.0.0.0/",
    "10.0.0.0/-1",
    "10.0.0.0/8/8",
    "10.0.0.0/255.0.0.0",
    "10.0.0.0 /8",
    "10.0.0/8",
    "010.0.0.0/8",
    "2001:db8::/129",
    "fe80::1%eth0",
    "fe80::%eth0/10",
    "::ffff:10.0.0.0/129",
    "localhost",
    "",
    "/8",
    8,
    null,
  ])("%j is no network", (value) => {
    expect(problems("cidr", ["::1", value])).toEqual([
      ["must be an IPv4 or IPv6 address or network, such as 10.0.0.0/8 or 2001:db8::/32", 1],
    ]);
  });

  it("counts the prefix of a mapped network from 96", () => {
    expect(problems("cidr", ["::ffff:10.0.0.0/8"])).toEqual([
      ["must have a prefix of 96 to 128, because its address is IPv4 mapped to IPv6", 0],
    ]);
  });
});
