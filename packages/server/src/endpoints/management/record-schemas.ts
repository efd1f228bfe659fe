import { PROPOSAL_STATUSES } from "../../review/proposal.ts";
import { USAGE_FINDINGS } from "../../usage/usage-report.ts";
import type { Schema } from "./schema.ts";
import { ACTOR, ANY, BOOLEAN, COUNT, OBJECT, object, TEXT, TIME, VERSION } from "./schema-parts.ts";

const COUNTED = { reads: COUNT, lastRead: TIME };
const NAMES: Schema = { type: "array", items: TEXT };

const FLAG_USAGE = object(
  {
    key: TEXT,
    owner: TEXT,
    expires: TEXT,
    since: { ...TIME, description: "Since when its reads are counted." },
    ...COUNTED,
    values: { type: "array", items: object({ value: TEXT, ...COUNTED }, ["lastRead"]) },
    routes: {
      type: "array",
      items: object({ method: TEXT, route: TEXT, ...COUNTED }, ["lastRead"]),
    },
    guards: NAMES,
    requiredBy: NAMES,
    findings: { type: "array", items: { enum: USAGE_FINDINGS } },
  },
  ["owner", "expires", "lastRead"],
);

export const USAGE: Schema = object(
  {
    counted: { ...BOOLEAN, description: "Reads are counted in the process that answers." },
    since: TIME,
    at: TIME,
    days: { type: "number" },
    resolution: { type: "integer", description: "Times may be so many milliseconds late." },
    items: { type: "array", items: FLAG_USAGE },
    cursor: TEXT,
  },
  ["cursor"],
);

export const TOKEN: Readonly<Record<string, Schema>> = {
  jti: { ...TEXT, description: "Names the token, so that it can be revoked." },
  kid: { ...TEXT, description: "Of the key that signed it." },
  application: TEXT,
  environment: TEXT,
  subject: TEXT,
  flags: OBJECT,
  issuedAt: TIME,
  expiresAt: TIME,
  actor: ACTOR,
  reason: TEXT,
  revoked: BOOLEAN,
};

const SERVED = object({ variant: TEXT, value: ANY }, ["variant", "value"]);

export const IMPACT: Schema = {
  ...object({
    size: { ...COUNT, description: "Subjects that were looked at." },
    changed: { ...COUNT, description: "Of them, those who would get another value of some flag." },
    flags: {
      type: "array",
      items: object({
        key: TEXT,
        changed: COUNT,
        transitions: {
          type: "array",
          items: object({ from: SERVED, to: SERVED, count: COUNT }),
        },
      }),
    },
    unsampled: {
      type: "array",
      items: TEXT,
      description: "Attributes that the change asks for and that are not kept.",
    },
  }),
  description: "What it would do to subjects that were seen lately, where a sample is kept.",
};

const STEP = object({ actor: ACTOR, at: TIME, reason: TEXT }, ["reason"]);

export const PROPOSAL: Schema = object(
  {
    id: TEXT,
    version: VERSION,
    status: { enum: PROPOSAL_STATUSES },
    changes: {
      type: "array",
      items: OBJECT,
      description: "As they were sent, each with the version that it is for.",
    },
    proposedBy: ACTOR,
    reason: TEXT,
    createdAt: TIME,
    updatedAt: TIME,
    expiresAt: TIME,
    scheduledFor: { ...TIME, description: "When it is made, once it is approved." },
    scheduledBy: { ...ACTOR, description: "Who chose that, unless it was who proposed it." },
    needed: { ...COUNT, description: "Approvals that it needs." },
    approvals: { type: "array", items: STEP },
    closed: { ...STEP, description: "Who ended it." },
    failure: object({ code: TEXT, message: TEXT }),
  },
  ["reason", "scheduledFor", "scheduledBy", "closed", "failure"],
);
