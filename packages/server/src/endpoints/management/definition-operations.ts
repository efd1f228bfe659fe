import { HalyardError, isPlainObject, resolveKey } from "@halyard/core";
import type { FlagsInstance } from "../../flags-instance.ts";
import type { Change } from "../../instance/changes.ts";
import { type DefinitionKind, notFound } from "../../instance/definition-writes.ts";
import type { FlagEntry } from "../../instance/definitions.ts";
import type { SegmentEntry } from "../../instance/segments.ts";
import type { HttpResponse } from "../endpoint.ts";
import { auditForm, dryRunAnswer, entryForm, nothing, oneThing, pageAnswer } from "./answers.ts";
import { etagOf, type Known, required, versionFor } from "./conditions.ts";
import { withHeaders } from "./cross-site.ts";
import { definitionAt } from "./history.ts";
import type { AnswerRule, Asked, Call, ManagementResource, Operation } from "./operation.ts";
import { RequestProblem } from "./problem.ts";
import { CURSOR, LIMIT, NAME, ref } from "./schemas.ts";

export type Entry = FlagEntry | SegmentEntry;

export function entryOf(f: FlagsInstance, kind: DefinitionKind, key: string): Entry | undefined {
  return kind === "flag" ? f.definitions.get(key) : f.segments.get(key);
}

/** The key that stands in the path, or the flag that it is another name of. */
export function keyOf({ f, params }: Asked, kind: DefinitionKind): string {
  const { key = "" } = params;
  return kind === "flag" ? resolveKey(key, f.snapshot.aliases) : key;
}

export function resourceIn(kind: DefinitionKind): (asked: Asked) => readonly ManagementResource[] {
  return (asked) => [{ kind, key: keyOf(asked, kind) }];
}

/** What there is, for conditions. */
export function knownOf(entry: Entry | undefined): Known | undefined {
  if (entry === undefined) return undefined;
  return { etag: etagOf(entry.version, entryForm(entry)), version: entry.version };
}

/** Throws `FLAG_NOT_FOUND` or `SEGMENT_NOT_FOUND`. */
export function existing({ f, params }: Asked, kind: DefinitionKind): Entry {
  const { key = "" } = params;
  const entry = entryOf(f, kind, key);
  if (entry === undefined) throw notFound(kind, key);
  return entry;
}

/** The flag or segment with how it is written in the store. */
function thing(call: Asked, kind: DefinitionKind, key: string): HttpResponse {
  const entry = entryOf(call.f, kind, key);
  const known = knownOf(entry);
  if (entry === undefined || known === undefined) throw notFound(kind, key);
  const written = entry.writable ? call.f.writes.written(kind, entry.key) : undefined;
  return oneThing(call, known, entryForm(entry, written));
}

/** Makes a change of one flag or segment, or tries it, and answers with what there is then. */
export async function changeOne(
  call: Call,
  change: Change & { key: string },
): Promise<HttpResponse> {
  const { f, dryRun, by } = call;
  const report = await f.change([change], { ...by, dryRun });
  if (dryRun) return dryRunAnswer(call, report);
  const { what, op, key } = change;
  if (op === "delete") return nothing;
  return thing(call, what as DefinitionKind, key);
}

/** A flag that comes into being says whether it is on: nobody is to be surprised. */
export function requireEnabled(kind: DefinitionKind, key: string, definition: unknown): void {
  if (kind === "segment") return;
  if (isPlainObject(definition) && typeof definition.enabled === "boolean") return;
  const path = `/flags/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  const message = "a new flag has to say `enabled`: true or false";
  throw new RequestProblem("INVALID_DEFINITIONS", `The flag "${key}" ${message}.`, {
    problems: [{ path, message }],
  });
}

const ENTRY = { flag: ref("Flag"), segment: ref("Segment") };
const TRIED: AnswerRule = { description: "A dry run", schema: ref("DryRun") };

/** What flags and segments have alike. */
export function definitionOperations(kind: DefinitionKind): readonly Operation[] {
  const all = `/${kind}s`;
  const one = `${all}/{key}`;
  const Kind = kind === "flag" ? "Flag" : "Segment";
  const found: AnswerRule = { description: `The ${kind}`, schema: ENTRY[kind], headers: ["ETag"] };
  const changed = { 200: { ...found, schema: { oneOf: [ENTRY[kind], ref("DryRun")] } } };
  const resources = resourceIn(kind);
  const definition = {
    type: kind === "flag" ? "object" : ["object", "array"],
    description: `A ${kind}'s definition, as files have it.`,
  } as const;
  return [
    {
      id: `create${Kind}`,
      method: "POST",
      path: all,
      summary: `Creates a ${kind}`,
      action: "edit",
      needsBody: true,
      resources: ({ body }) => [{ kind, key: (body as { key: string }).key }],
      body: {
        schema: {
          type: "object",
          properties: { key: NAME, definition },
          required: ["key", "definition"],
          additionalProperties: false,
        },
      },
      dryRun: true,
      answers: { 200: TRIED, 201: { ...found, headers: ["ETag", "Location"] } },
      handle: (call) => create(call, kind),
    },
    {
      id: `get${Kind}`,
      method: "GET",
      path: one,
      summary: `A ${kind}, and where it is defined`,
      action: "view",
      resources,
      conditions: ["If-None-Match"],
      answers: { 200: found, 304: { description: "It is as the asker has it", headers: ["ETag"] } },
      handle: (call) => thing(call, kind, call.params.key ?? ""),
    },
    {
      id: `put${Kind}`,
      method: "PUT",
      path: one,
      summary: `Creates or replaces a ${kind}`,
      action: "edit",
      resources,
      body: { schema: definition },
      conditions: ["If-Match", "If-None-Match"],
      dryRun: true,
      answers: { ...changed, 201: found },
      handle: (call) => put(call, kind),
    },
    {
      id: `patch${Kind}`,
      method: "PATCH",
      path: one,
      summary: `Changes parts of a ${kind}, by a JSON merge patch of how it is written`,
      action: "edit",
      resources,
      body: { schema: { type: "object" }, type: "application/merge-patch+json" },
      conditions: ["If-Match"],
      dryRun: true,
      answers: changed,
      handle: (call) => {
        const { key } = writable(call, kind);
        const ifVersion = versionFor(call.request, knownOf(existing(call, kind)), true);
        return changeOne(call, { what: kind, op: "patch", key, patch: call.body, ifVersion });
      },
    },
    {
      id: `delete${Kind}`,
      method: "DELETE",
      path: one,
      summary: `Removes a ${kind}`,
      action: "edit",
      resources,
      conditions: ["If-Match"],
      dryRun: true,
      answers: { 200: TRIED, 204: { description: "It is gone" } },
      handle: (call) => {
        const { key } = writable(call, kind);
        const ifVersion = versionFor(call.request, knownOf(existing(call, kind)), true);
        return changeOne(call, { what: kind, op: "delete", key, ifVersion });
      },
    },
    {
      id: `get${Kind}History`,
      method: "GET",
      path: `${one}/history`,
      summary: `What was done to a ${kind}, newest first`,
      action: "view",
      resources,
      query: { limit: LIMIT, cursor: CURSOR },
      answers: { 200: { description: "A page of it", schema: ref("Audit") } },
      handle: async (call) => {
        const { f, query } = call;
        const key = keyOf(call, kind);
        const page = await f.audit.list({ what: kind, key, ...query });
        if (page.items.length === 0 && query.cursor === undefined) existing(call, kind);
        return pageAnswer(page, auditForm);
      },
    },
    {
      id: `rollBack${Kind}`,
      method: "POST",
      path: `${one}/rollback`,
      summary: `Writes a ${kind} as it was at a version once more`,
      action: "edit",
      resources,
      body: {
        schema: {
          type: "object",
          properties: { version: { type: "integer", minimum: 1 } },
          required: ["version"],
          additionalProperties: false,
        },
      },
      conditions: ["If-Match"],
      dryRun: true,
      answers: changed,
      handle: async (call) => {
        const { key } = writable(call, kind);
        const known = knownOf(entryOf(call.f, kind, key));
        const ifVersion = versionFor(call.request, known, false);
        const { version } = call.body as { readonly version: number };
        const definition = await definitionAt(call.f, kind, key, version);
        return changeOne(call, { what: kind, op: "put", key, definition, ifVersion });
      },
    },
  ];
}

/** The path's own key, where it can be written. Throws why it can't, before anything else is said. */
export function writable({ f, params }: Asked, kind: DefinitionKind): { readonly key: string } {
  const { key = "" } = params;
  f.writes.storeFor(kind, key);
  return { key };
}

async function create(call: Call, kind: DefinitionKind): Promise<HttpResponse> {
  const { key, definition } = call.body as { readonly key: string; readonly definition: unknown };
  const exists = new RequestProblem("EXISTS", `There is a ${kind} "${key}" already.`);
  if (entryOf(call.f, kind, key) !== undefined) throw exists;
  call.f.writes.storeFor(kind, key);
  requireEnabled(kind, key, definition);
  try {
    const change = { what: kind, op: "put", key, definition, ifVersion: 0 } as const;
    const answer = await changeOne(call, change);
    const location = `${kind}s/${encodeURIComponent(key)}`;
    return call.dryRun ? answer : { ...withHeaders(answer, { location }), status: 201 };
  } catch (error) {
    throw isConflict(error) ? exists : error;
  }
}

async function put(call: Call, kind: DefinitionKind): Promise<HttpResponse> {
  const { key } = writable(call, kind);
  const { request, body: definition } = call;
  const known = knownOf(entryOf(call.f, kind, key));
  const ifVersion = versionFor(request, known, true);
  if (known === undefined) requireEnabled(kind, key, definition);
  try {
    const answer = await changeOne(call, { what: kind, op: "put", key, definition, ifVersion });
    return known === undefined && !call.dryRun ? { ...answer, status: 201 } : answer;
  } catch (error) {
    const says = request.header("if-match") ?? request.header("if-none-match");
    // Somebody has just created it, and the request does not know of it.
    throw isConflict(error) && says === undefined ? required() : error;
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof HalyardError && error.code === "VERSION_CONFLICT";
}
