import { IMPACT, PROPOSAL, TOKEN, USAGE } from "./record-schemas.ts";
import type { Schema } from "./schema.ts";
import { ACTOR, ANY, BOOLEAN, OBJECT, object, TEXT, TIME, VERSION } from "./schema-parts.ts";

export function ref(name: ComponentName): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

/** One page of a list. */
function pageOf(items: Schema): Schema {
  return object(
    {
      items: { type: "array", items },
      cursor: { ...TEXT, description: "Gives the next page; absent on the last one." },
    },
    ["cursor"],
  );
}

const WHAT: Schema = { enum: ["flag", "segment", "override", "group", "proposal"] };

const PLACE = {
  key: TEXT,
  source: { ...TEXT, description: "Name of the source that defines it." },
  writable: BOOLEAN,
  version: VERSION,
};

const WRITTEN: Schema = {
  description: "As it stands in the store: what PUT replaces and PATCH is applied to.",
};

const FLAW = object({ path: { ...TEXT, description: "JSON Pointer." }, message: TEXT });

const DETAILS = object(
  {
    flagKey: TEXT,
    value: ANY,
    variant: TEXT,
    variantIndex: { type: "integer" },
    reason: TEXT,
    cause: TEXT,
    ruleId: TEXT,
    inExperiment: BOOLEAN,
    errorCode: TEXT,
    errorMessage: TEXT,
    flagMetadata: OBJECT,
    version: VERSION,
  },
  ["value", "variant", "variantIndex", "ruleId", "errorCode", "errorMessage", "version"],
);

type ComponentName =
  | "Problem"
  | "Flag"
  | "Segment"
  | "Override"
  | "OverrideToken"
  | "OverrideTokens"
  | "IssuedToken"
  | "Revoked"
  | "AuditEntry"
  | "Flags"
  | "Segments"
  | "Overrides"
  | "Audit"
  | "Members"
  | "Membership"
  | "Groups"
  | "Restored"
  | "DryRun"
  | "Impact"
  | "Changed"
  | "Proposal"
  | "Proposals"
  | "Validation"
  | "Evaluation"
  | "Explanations"
  | "Guards"
  | "Usage"
  | "Health"
  | "OpenApi";

/** What answers are made of; under `components.schemas` of the OpenAPI document. */
export const COMPONENTS: Readonly<Record<ComponentName, Schema>> = {
  Problem: object(
    {
      type: TEXT,
      title: TEXT,
      status: { type: "integer", minimum: 400, maximum: 599 },
      detail: TEXT,
      code: TEXT,
      problems: { type: "array", items: FLAW },
    },
    ["problems"],
  ),
  Flag: object({ ...PLACE, definition: OBJECT, written: WRITTEN }, ["version", "written"]),
  Segment: object({ ...PLACE, definition: OBJECT, written: WRITTEN }, ["version", "written"]),
  Override: object(
    {
      flag: TEXT,
      layer: TEXT,
      scope: { ...TEXT, description: "As `user:ann` or `user:ann;tenant=acme`." },
      state: { enum: ["enabled", "disabled", "value", "unset"] },
      value: ANY,
      reason: TEXT,
      actor: ACTOR,
      createdAt: TIME,
      createdBy: ACTOR,
      updatedAt: TIME,
      expiresAt: TIME,
      version: { type: "integer", minimum: 0 },
      priority: { type: "number" },
    },
    ["value", "reason", "expiresAt"],
  ),
  OverrideToken: object(TOKEN, ["subject", "reason"]),
  OverrideTokens: pageOf({ $ref: "#/components/schemas/OverrideToken" }),
  IssuedToken: object({ token: TEXT, ...TOKEN }, ["subject", "reason"]),
  Revoked: object({ jti: TEXT, changed: BOOLEAN }),
  AuditEntry: object(
    {
      id: TEXT,
      at: TIME,
      action: { enum: ["created", "updated", "removed", "expired"] },
      what: WHAT,
      key: TEXT,
      scope: TEXT,
      before: ANY,
      after: ANY,
      actor: ACTOR,
      reason: TEXT,
      requestId: TEXT,
      bypass: { ...BOOLEAN, description: "An emergency that did not wait for a review." },
      version: VERSION,
    },
    ["scope", "before", "after", "reason", "requestId", "bypass"],
  ),
  Flags: pageOf({ $ref: "#/components/schemas/Flag" }),
  Segments: pageOf({ $ref: "#/components/schemas/Segment" }),
  Overrides: pageOf({ $ref: "#/components/schemas/Override" }),
  Audit: pageOf({ $ref: "#/components/schemas/AuditEntry" }),
  Members: pageOf(TEXT),
  Membership: object({ group: TEXT, user: TEXT, member: BOOLEAN, changed: BOOLEAN }),
  Groups: object({ user: TEXT, groups: { type: "array", items: TEXT } }),
  Restored: object({ key: TEXT, changed: BOOLEAN }),
  DryRun: object(
    {
      dryRun: { const: true },
      changes: {
        type: "array",
        items: object(
          { what: WHAT, key: TEXT, scope: TEXT, before: ANY, after: ANY, changed: BOOLEAN },
          ["scope", "before", "after"],
        ),
      },
      problems: { type: "array", items: FLAW },
      sample: ref("Impact"),
    },
    ["problems", "sample"],
  ),
  Impact: IMPACT,
  Changed: object(
    {
      version: VERSION,
      changes: {
        type: "array",
        items: object({ what: WHAT, key: TEXT, scope: TEXT, changed: BOOLEAN }, ["scope"]),
      },
    },
    ["version"],
  ),
  Proposal: PROPOSAL,
  Proposals: pageOf({ $ref: "#/components/schemas/Proposal" }),
  Validation: object({
    valid: BOOLEAN,
    problems: { type: "array", items: FLAW },
    warnings: { type: "array", items: FLAW },
  }),
  Evaluation: object({ flags: { type: "array", items: DETAILS } }),
  Explanations: object({
    flags: {
      type: "array",
      items: object({
        flagKey: TEXT,
        requestedKey: TEXT,
        details: DETAILS,
        overrides: { type: "array", items: OBJECT },
        steps: { type: "array", items: OBJECT },
      }),
    },
  }),
  Guards: object({
    items: {
      type: "array",
      items: object(
        {
          flags: { type: "array", items: TEXT },
          kind: { enum: ["require", "variant"] },
          method: TEXT,
          route: TEXT,
          hits: { type: "integer", minimum: 0 },
          lastSeen: TIME,
        },
        ["lastSeen"],
      ),
    },
  }),
  Usage: USAGE,
  Health: {
    type: "object",
    properties: { status: { enum: ["healthy", "degraded", "unhealthy"] } },
    required: ["status", "provider", "cache", "flags_loaded"],
  },
  OpenApi: { type: "object", required: ["openapi", "info", "paths", "components"] },
};

// Of requests:

export const LIMIT: Schema = { type: "integer", minimum: 1, maximum: 200, default: 100 };
export const CURSOR: Schema = {
  type: "string",
  maxLength: 32_768,
  description: "The `cursor` of the page before.",
};

/** A flag's key, or what else names something. */
export const NAME: Schema = { type: "string", minLength: 1, maxLength: 512 };

export const IF_VERSION: Schema = {
  type: ["integer", "string"],
  description: "The version that it is made for; 0 for none, `*` for any.",
  pattern: "^\\*$",
  minimum: 0,
};

export const EXPIRY: Readonly<Record<string, Schema>> = {
  expiresAt: TIME,
  expiresIn: { type: "number", minimum: 1, description: "Milliseconds from now." },
};

export { TEXT, TIME };
