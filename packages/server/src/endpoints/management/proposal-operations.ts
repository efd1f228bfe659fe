import { HalyardError, resolveKey, scopeKey } from "@halyard/core";
import type { Change } from "../../instance/changes.ts";
import { PROPOSAL_STATUSES, type Proposal, type ReviewStep } from "../../review/proposal.ts";
import type { ProposalQuery } from "../../review/proposals.ts";
import type { HttpResponse } from "../endpoint.ts";
import { dryRunAnswer, oneThing, pageAnswer, timeForm } from "./answers.ts";
import { CHANGES, changesIn, resourcesOfChanges } from "./change-operations.ts";
import { etagOf, type Known, versionFor } from "./conditions.ts";
import { withHeaders } from "./cross-site.ts";
import type {
  AnswerRule,
  Asked,
  Call,
  ManagementAction,
  ManagementResource,
  Operation,
} from "./operation.ts";
import { RequestProblem } from "./problem.ts";
import { frozenProblem } from "./review-gate.ts";
import { CURSOR, LIMIT, NAME, ref, TIME } from "./schemas.ts";

const ONE = "/proposals/{id}";

const found: AnswerRule = {
  description: "The proposal",
  schema: ref("Proposal"),
  headers: ["ETag"],
};

const AT = { ...TIME, type: ["string", "null"], description: "`null`: as soon as it is approved." };

const resources = ({ params }: Asked): readonly ManagementResource[] => [
  { kind: "proposal", key: params.id },
];

/** Decides on one proposal, whose version the request says. */
function decision(
  rule: Pick<Operation, "id" | "summary" | "body" | "dryRun"> & {
    readonly name: string;
    readonly action: ManagementAction;
  },
  decide: (call: Call, proposal: Proposal, by: Decision) => Promise<Proposal>,
): Operation {
  const { name, ...rest } = rule;
  const schema = { oneOf: [ref("Proposal"), ref("DryRun")] };
  return {
    ...rest,
    method: "POST",
    path: `${ONE}/${name}`,
    resources,
    conditions: ["If-Match"],
    answers: { 200: rule.dryRun === true ? { ...found, schema } : found },
    handle: async (call) => {
      const proposal = await proposalIn(call);
      await requireAll(call, rule.action, proposal);
      if (call.dryRun) return dryRunAnswer(call, await call.f.proposals.tryOut(proposal.id));
      const ifVersion = versionFor(call.request, knownOf(proposal), true);
      return answer(call, await decide(call, proposal, { ...call.by, ifVersion }));
    },
  };
}

type Decision = Call["by"] & { readonly ifVersion: number | undefined };

export const proposalOperations: readonly Operation[] = [
  {
    id: "listProposals",
    method: "GET",
    path: "/proposals",
    summary: "Changes that were proposed, newest first",
    action: "view",
    resources: () => [{ kind: "proposal" }],
    query: {
      status: { type: "string", enum: PROPOSAL_STATUSES },
      proposedBy: { ...NAME, description: "The id of an actor." },
      key: { ...NAME, description: "Of a flag, a segment or a group that is to be changed." },
      limit: LIMIT,
      cursor: CURSOR,
    },
    answers: { 200: { description: "A page of proposals", schema: ref("Proposals") } },
    handle: async ({ f, query }) =>
      pageAnswer(await f.proposals.list(query as ProposalQuery), proposalForm),
  },
  {
    id: "createProposal",
    method: "POST",
    path: "/proposals",
    summary: "Proposes several changes, to be made together once they are approved",
    action: "propose",
    needsBody: true,
    resources: resourcesOfChanges,
    body: {
      schema: {
        type: "object",
        properties: { changes: CHANGES, scheduledFor: TIME },
        required: ["changes"],
        additionalProperties: false,
      },
    },
    dryRun: true,
    answers: {
      200: { description: "A dry run of the changes", schema: ref("DryRun") },
      201: { ...found, headers: ["ETag", "Location"] },
    },
    handle: create,
  },
  {
    id: "getProposal",
    method: "GET",
    path: ONE,
    summary: "A proposal, and what has become of it",
    action: "view",
    resources,
    conditions: ["If-None-Match"],
    answers: { 200: found, 304: { description: "It is as the asker has it", headers: ["ETag"] } },
    handle: async (call) => answer(call, await proposalIn(call)),
  },
  decision(
    {
      id: "approveProposal",
      name: "approve",
      summary: "Approves what somebody else proposes; the last approval that is needed makes it",
      action: "approve",
      dryRun: true,
    },
    ({ f }, { id }, by) => unlessFrozen(f, () => f.proposals.approve(id, by)),
  ),
  decision(
    {
      id: "rejectProposal",
      name: "reject",
      summary: "Says no to a proposal",
      action: "approve",
    },
    ({ f }, { id }, by) => f.proposals.reject(id, by),
  ),
  decision(
    {
      id: "cancelProposal",
      name: "cancel",
      summary: "Takes a proposal back",
      action: "propose",
    },
    ({ f }, { id }, by) => f.proposals.cancel(id, by),
  ),
  decision(
    {
      id: "scheduleProposal",
      name: "schedule",
      summary: "Says when a proposal is to be made; approvals for another time are forgotten",
      action: "propose",
      body: {
        schema: {
          type: "object",
          properties: { at: AT },
          required: ["at"],
          additionalProperties: false,
        },
      },
    },
    ({ f, body }, { id }, by) => {
      const { at } = body as { readonly at: string | null };
      return unlessFrozen(f, () => f.proposals.schedule(id, at, by), at);
    },
  ),
];

async function create(call: Call): Promise<HttpResponse> {
  const { f, by, dryRun } = call;
  const { scheduledFor } = call.body as { readonly scheduledFor?: string };
  const changes = changesIn(call);
  if (dryRun) return dryRunAnswer(call, await f.change(changes, { ...by, dryRun }));
  const propose = () => f.proposals.propose(changes, { ...by, scheduledFor });
  const proposal = await unlessFrozen(f, propose, scheduledFor);
  const response = answer(call, proposal);
  return withHeaders({ ...response, status: 201 }, { location: `proposals/${proposal.id}` });
}

function proposalIn({ f, params }: Call): Promise<Proposal> {
  return f.proposals.get(params.id ?? "");
}

/** Who decides on a proposal has to be allowed to for all that it changes. */
async function requireAll(call: Call, action: ManagementAction, proposal: Proposal): Promise<void> {
  for (const change of proposal.changes) {
    const resource = resourceOf(call, change);
    if (await call.may(action, resource)) continue;
    const message = `You may not ${action} this: ${resource.kind} ${resource.key}.`;
    throw new RequestProblem("FORBIDDEN", message);
  }
}

function resourceOf({ f }: Call, change: Change): ManagementResource {
  if (change.what === "group") return { kind: "group", key: change.group };
  const { what: kind } = change;
  const key = kind === "segment" ? change.key : resolveKey(change.key, f.snapshot.aliases);
  if (change.what !== "override") return { kind, key };
  return { kind, key, scope: scopeKey(change.scope) };
}

/** Says how long to wait, where that is what is wrong. */
async function unlessFrozen(
  { review, now }: Call["f"],
  work: () => Promise<Proposal>,
  at?: string | null,
): Promise<Proposal> {
  try {
    return await work();
  } catch (error) {
    const isFrozen = error instanceof HalyardError && error.code === "CHANGES_FROZEN";
    const time = typeof at === "string" ? Date.parse(at) : now;
    const freeze = isFrozen ? review?.freezes.at(time) : undefined;
    throw freeze === undefined ? error : frozenProblem(freeze, now);
  }
}

function knownOf({ version }: Proposal): Known {
  return { etag: etagOf(version, undefined), version };
}

function answer(call: Call, proposal: Proposal): HttpResponse {
  return oneThing(call, knownOf(proposal), proposalForm(proposal));
}

function proposalForm(proposal: Proposal): object {
  const { scheduledFor, closed, expiresAt, createdAt, updatedAt } = proposal;
  return {
    id: proposal.id,
    version: proposal.version,
    status: proposal.status,
    changes: proposal.changes.map(changeForm),
    proposedBy: proposal.proposedBy,
    reason: proposal.reason,
    createdAt: timeForm(createdAt),
    updatedAt: timeForm(updatedAt),
    expiresAt: timeForm(expiresAt),
    scheduledFor: scheduledFor === undefined ? undefined : timeForm(scheduledFor),
    scheduledBy: proposal.scheduledBy,
    needed: proposal.needed,
    approvals: proposal.approvals.map(stepForm),
    closed: closed && stepForm(closed),
    failure: proposal.failure,
  };
}

function stepForm({ at, ...step }: ReviewStep): object {
  return { ...step, at: timeForm(at) };
}

/** As it was sent, with the version that it is for. */
function changeForm(change: Change): object {
  if (change.what !== "override") return change;
  const { key: flag, scope, op, ...rest } = change;
  return { ...rest, op, flag, scope: scopeKey(scope) };
}
