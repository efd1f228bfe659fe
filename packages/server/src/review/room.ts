import type { ProposalChange } from "@halyard/core";
import { isPending, type Proposal } from "./proposal.ts";
import { tooManyProposals } from "./refusals.ts";

/** Proposals that are over and kept for people to look at; the audit has the others. */
const KEPT = 200;

/** Most that are removed at once. */
const MAX_REMOVED = 50;

/**
 * What has to go so that one more proposal can be kept. Throws `TOO_MANY_PROPOSALS` when `max` are
 * open already.
 */
export async function room(
  all: AsyncIterable<Proposal>,
  max: number,
): Promise<readonly ProposalChange[]> {
  let pending = 0;
  const over: { readonly id: string; readonly updatedAt: number }[] = [];
  for await (const proposal of all) {
    const { id, updatedAt } = proposal;
    if (isPending(proposal)) pending++;
    else over.push({ id, updatedAt });
  }
  if (pending >= max) throw tooManyProposals(max);
  return over
    .sort((a, b) => b.updatedAt - a.updatedAt)
    .slice(KEPT - 1)
    .slice(0, MAX_REMOVED)
    .map(({ id: key }) => ({ what: "proposal", key, definition: undefined }));
}
