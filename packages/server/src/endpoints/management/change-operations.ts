import { HalyardError, parseScopeKey, resolveKey, type Scope } from "@halyard/core";
import type { FlagsInstance } from "../../flags-instance.ts";
import type { Change } from "../../instance/changes.ts";
import type { DefinitionKind } from "../../instance/definition-writes.ts";
import { type HttpResponse, json } from "../endpoint.ts";
import { dryRunAnswer } from "./answers.ts";
import { entryOf, requireEnabled } from "./definition-operations.ts";
import type { Asked, Call, ManagementResource, Operation } from "./operation.ts";
import { editOf, type OverrideBody } from "./override-operations.ts";
import { RequestProblem } from "./problem.ts";
import type { Flaw, Schema } from "./schema.ts";
import { EXPIRY, IF_VERSION, NAME, ref, TEXT } from "./schemas.ts";

/** Most changes of one request. */
const MAX_CHANGES = 100;

function change(
  what: string,
  op: string,
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[],
): Schema {
  return {
    type: "object",
    properties: { what: { const: what }, op: { const: op }, ...properties },
    required: ["what", "op", ...required],
    additionalProperties: false,
  };
}

const CHANGE: Schema = {
  oneOf: [
    ...["flag", "segment"].flatMap((what) => [
      change(what, "put", { key: NAME, definition: {}, ifVersion: IF_VERSION }, [
        "key",
        "definition",
      ]),
      change(what, "patch", { key: NAME, patch: { type: "object" }, ifVersion: IF_VERSION }, [
        "key",
        "patch",
      ]),
      change(what, "delete", { key: NAME, ifVersion: IF_VERSION }, ["key"]),
    ]),
    change(
      "override",
      "put",
      {
        flag: NAME,
        scope: TEXT,
        value: {},
        unset: { const: true },
        ...EXPIRY,
        ifVersion: IF_VERSION,
      },
      ["flag", "scope"],
    ),
    change("override", "delete", { flag: NAME, scope: TEXT, ifVersion: IF_VERSION }, [
      "flag",
      "scope",
    ]),
    ...["add", "remove"].map((op) =>
      change("group", op, { group: NAME, user: NAME }, ["group", "user"]),
    ),
  ],
};

/** Of the body of a request. */
export const CHANGES: Schema = {
  type: "array",
  minItems: 1,
  maxItems: MAX_CHANGES,
  items: CHANGE,
};

interface SentDefinition {
  readonly what: DefinitionKind;
  readonly op: "put" | "patch" | "delete";
  readonly key: string;
  readonly definition?: unknown;
  readonly patch?: unknown;
  readonly ifVersion?: number | "*";
}

interface SentOverride extends OverrideBody {
  readonly what: "override";
  readonly op: "put" | "delete";
  readonly flag: string;
  readonly scope: string;
  readonly ifVersion?: number | "*";
}

interface SentMembership {
  readonly what: "group";
  readonly op: "add" | "remove";
  readonly group: string;
  readonly user: string;
}

type Sent = SentDefinition | SentOverride | SentMembership;

export const changeOperations: readonly Operation[] = [
  {
    id: "change",
    method: "POST",
    path: "/changes",
    summary: "Makes several changes, all or none",
    action: "edit",
    needsBody: true,
    resources: resourcesOfChanges,
    body: {
      schema: {
        type: "object",
        properties: { changes: CHANGES },
        required: ["changes"],
        additionalProperties: false,
      },
    },
    dryRun: true,
    answers: {
      200: {
        description: "What has changed",
        schema: { oneOf: [ref("Changed"), ref("DryRun")] },
      },
    },
    handle: makeChanges,
  },
];

/** What is to be changed by the changes of a body. */
export function resourcesOfChanges(asked: Asked): readonly ManagementResource[] {
  return sentIn(asked).map((sent) => resourceOf(asked.f, sent));
}

/** The changes of a body. Throws when one of them can't be. */
export function changesIn(call: Call): readonly Change[] {
  const sent = sentIn(call);
  refuseTwice(
    sent.map((one) => JSON.stringify(resourceOf(call.f, one)) + ("user" in one ? one.user : "")),
  );
  return sent.map((one, index) => changeOf(call.f, one, `/changes/${index}`));
}

function sentIn({ body }: Asked): readonly Sent[] {
  return (body as { readonly changes: readonly Sent[] }).changes;
}

function resourceOf(f: FlagsInstance, sent: Sent): ManagementResource {
  if (sent.what === "group") return { kind: "group", key: sent.group };
  const { aliases } = f.snapshot;
  if (sent.what === "override") {
    return { kind: "override", key: resolveKey(sent.flag, aliases), scope: sent.scope };
  }
  const { what: kind, key } = sent;
  return { kind, key: kind === "flag" ? resolveKey(key, aliases) : key };
}

async function makeChanges(call: Call): Promise<HttpResponse> {
  const { f, by, dryRun } = call;
  const changes = changesIn(call);
  await requireVersions(f, sentIn(call), changes);
  const report = await f.change(changes, { ...by, dryRun });
  if (dryRun) return dryRunAnswer(call, report);
  const made = report.changes.map(({ what, key, scope, changed }) => ({
    what,
    key,
    scope,
    changed,
  }));
  return json(200, { version: report.version, changes: made });
}

/** A second change of the same thing would not see the first. */
function refuseTwice(names: readonly string[]): void {
  const problems = names.flatMap((name, index): readonly Flaw[] =>
    names.indexOf(name) === index
      ? []
      : [{ path: `/changes/${index}`, message: "changes what another one changes, too" }],
  );
  if (problems.length === 0) return;
  throw new RequestProblem("INVALID_BODY", "Each thing can be changed once.", { problems });
}

function changeOf(f: FlagsInstance, sent: Sent, path: string): Change {
  if (sent.what === "group") return sent;
  const { ifVersion: given } = sent;
  const ifVersion = given === "*" ? undefined : given;
  if (sent.what === "override") {
    const place = { what: "override", key: sent.flag, scope: scopeAt(sent.scope, path) } as const;
    if (sent.op === "delete") return { ...place, op: "delete", ifVersion };
    const { what: _, op, flag, scope, ifVersion: __, ...body } = sent;
    return { ...place, ...editOf(body, path), ifVersion };
  }
  const { what, op, key, definition, patch } = sent;
  if (op === "delete") return { what, op, key, ifVersion };
  if (op === "patch") return { what, op, key, patch, ifVersion };
  const isNew = entryOf(f, what, key) === undefined;
  if (isNew) requireEnabled(what, key, definition);
  return { what, op, key, definition, ifVersion: isNew && given === undefined ? 0 : ifVersion };
}

function scopeAt(text: string, path: string): Scope {
  try {
    return parseScopeKey(text);
  } catch (error) {
    if (!(error instanceof HalyardError)) throw error;
    throw new RequestProblem("INVALID_SCOPE", error.message, {
      problems: [{ path: `${path}/scope`, message: error.message }],
    });
  }
}

/** As `If-Match` is required of a single change: nobody overwrites what they have not seen. */
async function requireVersions(
  f: FlagsInstance,
  sent: readonly Sent[],
  changes: readonly Change[],
): Promise<void> {
  const problems = await Promise.all(
    changes.map(async (change, index): Promise<Flaw | undefined> => {
      const one = sent[index];
      if (one === undefined || one.what === "group" || one.ifVersion !== undefined)
        return undefined;
      const version = await versionOf(f, change);
      if (version === undefined) return undefined;
      const message = `it is at version ${version}: say \`ifVersion\`, or "*" for any`;
      return { path: `/changes/${index}`, message };
    }),
  );
  const found = problems.filter((problem) => problem !== undefined);
  if (found.length === 0) return;
  throw new RequestProblem("PRECONDITION_REQUIRED", "Say which versions the changes are for.", {
    problems: found,
  });
}

async function versionOf(f: FlagsInstance, change: Change): Promise<number | undefined> {
  if (change.what === "group") return undefined;
  if (change.what !== "override") return entryOf(f, change.what, change.key)?.version;
  const record = await f.overrides.get(change.key, change.scope);
  return record.state === "missing" ? undefined : record.version;
}
