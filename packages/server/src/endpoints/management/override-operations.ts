import {
  HalyardError,
  type JsonValue,
  parseScopeKey,
  resolveKey,
  type Scope,
  type StoredLayer,
} from "@halyard/core";
import type { OverrideEdit } from "../../instance/changes.ts";
import type { OverrideRecord } from "../../instance/overrides.ts";
import type { HttpResponse } from "../endpoint.ts";
import { dryRunAnswer, nothing, oneThing, overrideForm, pageAnswer } from "./answers.ts";
import { etagOf, type Known, required, versionFor } from "./conditions.ts";
import type { AnswerRule, Asked, Call, ManagementResource, Operation } from "./operation.ts";
import { RequestProblem } from "./problem.ts";
import { CURSOR, EXPIRY, LIMIT, NAME, ref, TEXT } from "./schemas.ts";

const PATH = "/overrides/{flag}/{scope}";
const SCOPE = { ...TEXT, maxLength: 5000, description: "As `user:ann`; `system` is everybody." };

const found: AnswerRule = {
  description: "The override",
  schema: ref("Override"),
  headers: ["ETag"],
};
const tried: AnswerRule = { description: "A dry run", schema: ref("DryRun") };

export const overrideOperations: readonly Operation[] = [
  {
    id: "listOverrides",
    method: "GET",
    path: "/overrides",
    summary: "Overrides and emergencies by flag, layer and scope",
    action: "view",
    resources: ({ f, query: { flag } }) => [
      {
        kind: "override",
        key: flag === undefined ? undefined : resolveKey(String(flag), f.snapshot.aliases),
      },
    ],
    query: {
      flag: NAME,
      layer: {
        type: "string",
        enum: ["emergency", "session", "user", "role", "perm", "org", "tenant", "system"],
      },
      scope: SCOPE,
      limit: LIMIT,
      cursor: CURSOR,
    },
    answers: { 200: { description: "A page of overrides", schema: ref("Overrides") } },
    handle: async ({ f, query }) => {
      const { flag, layer, scope, limit, cursor } = query as Readonly<Record<string, string>>;
      const page = await f.overrides.list({
        flagKey: flag && resolveKey(flag, f.snapshot.aliases),
        layer: layer as StoredLayer | undefined,
        scope: scope === undefined ? undefined : parseScopeKey(scope),
        limit: limit as number | undefined,
        cursor,
      });
      return pageAnswer(page, overrideForm);
    },
  },
  {
    id: "getOverride",
    method: "GET",
    path: PATH,
    summary: "The override of a scope, whether or not it is in force",
    action: "view",
    resources,
    conditions: ["If-None-Match"],
    answers: { 200: found, 304: { description: "It is as the asker has it", headers: ["ETag"] } },
    handle: async (call) => {
      const record = await recordOf(call);
      if (record === undefined) throw missing();
      return oneThing(call, knownOf(record), overrideForm(record));
    },
  },
  {
    id: "putOverride",
    method: "PUT",
    path: PATH,
    summary: "Sets the value that a scope gets, or says that it has none (`unset`)",
    action: "edit",
    resources,
    body: {
      schema: {
        type: "object",
        properties: { value: {}, unset: { const: true }, ...EXPIRY },
        additionalProperties: false,
      },
    },
    conditions: ["If-Match", "If-None-Match"],
    dryRun: true,
    answers: {
      200: { ...found, schema: { oneOf: [ref("Override"), ref("DryRun")] } },
      201: found,
    },
    handle: put,
  },
  {
    id: "deleteOverride",
    method: "DELETE",
    path: PATH,
    summary: "Takes an override away",
    action: "edit",
    resources,
    conditions: ["If-Match"],
    dryRun: true,
    answers: { 200: tried, 204: { description: "It is gone" } },
    handle: async (call) => {
      const record = await recordOf(call);
      if (record === undefined) throw missing();
      const known = knownOf(record);
      const ifVersion = versionFor(call.request, known, true);
      const { f, by, dryRun } = call;
      const place = { key: flagOf(call), scope: scopeOf(call) };
      const report = await f.change([{ what: "override", op: "delete", ...place, ifVersion }], {
        ...by,
        dryRun,
      });
      return dryRun ? dryRunAnswer(call, report) : nothing;
    },
  },
];

function flagOf({ f, params }: Asked): string {
  return resolveKey(params.flag ?? "", f.snapshot.aliases);
}

function scopeOf({ params }: Asked): Scope {
  return parseScopeKey(params.scope ?? "");
}

function resources(asked: Asked): readonly ManagementResource[] {
  return [{ kind: "override", key: flagOf(asked), scope: asked.params.scope }];
}

async function recordOf(asked: Asked): Promise<OverrideRecord | undefined> {
  const record = await asked.f.overrides.get(flagOf(asked), scopeOf(asked));
  return record.state === "missing" ? undefined : record;
}

function knownOf(record: OverrideRecord): Known {
  return { etag: etagOf(record.version, undefined), version: record.version };
}

/** What a body says of an override. */
export interface OverrideBody {
  readonly value?: JsonValue;
  readonly unset?: true;
  readonly expiresAt?: string;
  readonly expiresIn?: number;
}

/** Throws `INVALID_BODY` when a body says both, or neither. */
export function editOf(
  { value, unset, ...expiry }: OverrideBody,
  path: string,
): Pick<OverrideEdit, "op" | "value" | "expiresAt" | "expiresIn"> {
  if ((value === undefined) === (unset === undefined)) {
    const message = "needs either `value` or `unset: true`";
    throw new RequestProblem("INVALID_BODY", `An override ${message}.`, {
      problems: [{ path, message }],
    });
  }
  return unset === true ? { op: "unset", ...expiry } : { op: "set", value, ...expiry };
}

async function put(call: Call): Promise<HttpResponse> {
  const { f, by, dryRun, request } = call;
  const edit = editOf(call.body as OverrideBody, "");
  const old = await recordOf(call);
  const known = old && knownOf(old);
  const ifVersion = versionFor(request, known, true);
  const place = { key: flagOf(call), scope: scopeOf(call) };
  if (dryRun) {
    const change = { what: "override", ...edit, ...place, ifVersion } as const;
    return dryRunAnswer(call, await f.change([change], { ...by, dryRun }));
  }
  try {
    const { op, value, ...expiry } = edit;
    const options = { ...by, ...expiry, ifVersion };
    const { overrides } = f;
    const record =
      op === "set"
        ? await overrides.set(place.key, place.scope, value as JsonValue, options)
        : await overrides.unset(place.key, place.scope, options);
    const answer = oneThing(call, knownOf(record), overrideForm(record));
    return known === undefined ? { ...answer, status: 201 } : answer;
  } catch (error) {
    const says = request.header("if-match") ?? request.header("if-none-match");
    const isConflict = error instanceof HalyardError && error.code === "VERSION_CONFLICT";
    throw isConflict && says === undefined ? required() : error;
  }
}

function missing(): RequestProblem {
  return new RequestProblem("NOT_FOUND", "There is no such override.");
}
