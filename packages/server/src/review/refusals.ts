import { HalyardError } from "@halyard/core";
import type { Freeze } from "./freezes.ts";

// What reviews say when they do not do what they were asked for.

export function reviewOff(): HalyardError {
  return new HalyardError("REVIEW_OFF", "Changes are not reviewed here: pass the option `review`.");
}

export function proposalNotFound(id: string): HalyardError {
  const shown = JSON.stringify(String(id).slice(0, 100));
  return new HalyardError("PROPOSAL_NOT_FOUND", `There is no proposal ${shown}.`);
}

export function proposalClosed(message: string): HalyardError {
  return new HalyardError("PROPOSAL_CLOSED", message);
}

export function ownProposal(): HalyardError {
  const message = "Who proposed a change, or chose its time, can't approve it: ask somebody else.";
  return new HalyardError("OWN_PROPOSAL", message);
}

export function tooManyProposals(max: number): HalyardError {
  return new HalyardError(
    "TOO_MANY_PROPOSALS",
    `${max} proposals are open already: approve, reject or cancel some.`,
  );
}

export function frozen({ name, until }: Freeze): HalyardError {
  const what = name === undefined ? "Changes are frozen" : `Changes are frozen (${name})`;
  return new HalyardError("CHANGES_FROZEN", `${what} until ${new Date(until).toISOString()}.`);
}

export function movedOn(id: string): HalyardError {
  return new HalyardError(
    "VERSION_CONFLICT",
    `Somebody else has done something to the proposal "${id}" since. Read it again, then decide.`,
  );
}

export function invalid(message: string): HalyardError {
  return new HalyardError("INVALID_OPTIONS", message);
}
