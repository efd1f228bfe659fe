type Address = readonly [path: string, expectation: string];

const ADDRESSES: readonly Address[] = [
  ["/?user=alice", "every flag's value for alice"],
  ["/dashboard?user=alice", "the new dashboard: alice is named in the flag"],
  ["/dashboard?user=bob", "the classic one: bob is not among the 25 %"],
  ["/checkout?user=bob", "classic, the first of three variants"],
  ["/checkout?user=carol", "one-page, the second; dave gets the third"],
  ["/beta?user=bob", "404, as if there were nothing"],
  ["/beta?user=bob&groups=beta_testers", "in: the group opens it"],
  ["/premium?user=bob&plan=free", "403, with a message"],
  ["/premium?user=bob&plan=pro", "in: pro and enterprise are"],
  ["/new-ui?user=alice&country=NL", "the new UI"],
  ["/new-ui?user=alice&country=US", "redirected to /old-ui"],
  ["/explain/checkout?user=carol", "why carol gets what she gets, step by step"],
  ["/flags/health", "how Halyard itself is"],
];

/** What to try in a browser, as addresses that terminals make clickable. */
export function printAddresses(
  origin: string,
  features: string,
  more: readonly Address[] = [],
): void {
  const addresses = [...ADDRESSES, ...more];
  const width = Math.max(...addresses.map(([path]) => path.length)) + 2;
  console.log(`Listening on ${origin}. Try:\n`);
  for (const [path, expectation] of addresses) {
    console.log(`  ${origin}${path.padEnd(width)}${expectation}`);
  }
  console.log(`\nEdit ${features} and reload a page: no restart. Ctrl+C stops.`);
}
