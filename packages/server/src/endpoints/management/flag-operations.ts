import { type Flag, fitsType, HalyardError, isPlainObject, type JsonValue } from "@halyard/core";
import type { FlagsInstance } from "../../flags-instance.ts";
import { runSliced } from "../../instance/run-sliced.ts";
import { type HttpResponse, json } from "../endpoint.ts";
import { dryRunAnswer, entryForm, oneThing, overrideForm, pageAnswer } from "./answers.ts";
import { etagOf, versionFor } from "./conditions.ts";
import {
  changeOne,
  definitionOperations,
  existing,
  keyOf,
  knownOf,
  resourceIn,
  writable,
} from "./definition-operations.ts";
import { pageOfKeys } from "./key-page.ts";
import type { AnswerRule, Call, Operation } from "./operation.ts";
import { CURSOR, LIMIT, NAME, ref } from "./schemas.ts";

const FILTERS = {
  search: { ...NAME, description: "In key, name and description, in any case of letters." },
  tag: NAME,
  owner: NAME,
  enabled: { type: "boolean" },
  source: NAME,
  type: { type: "string", enum: ["boolean", "string", "integer", "number", "json"] },
  environment: { ...NAME, description: "Flags that are in force there." },
} as const;

type Filters = { readonly [Name in keyof typeof FILTERS]?: string | boolean | undefined };

const switched: Readonly<Record<number, AnswerRule>> = {
  200: {
    description: "The flag",
    schema: { oneOf: [ref("Flag"), ref("DryRun")] },
    headers: ["ETag"],
  },
};

export const flagOperations: readonly Operation[] = [
  {
    id: "listFlags",
    method: "GET",
    path: "/flags",
    summary: "Flags by key, those that fit all filters",
    action: "view",
    resources: () => [{ kind: "flag" }],
    query: { ...FILTERS, limit: LIMIT, cursor: CURSOR },
    answers: { 200: { description: "A page of flags", schema: ref("Flags") } },
    handle: async ({ f, query }) => {
      const keys = await runSliced(fittingKeys(f, query as Filters));
      const page = pageOfKeys(keys, query);
      const items = page.items.flatMap((key) => f.definitions.get(key) ?? []);
      return pageAnswer({ ...page, items }, (entry) => entryForm(entry));
    },
  },
  ...definitionOperations("flag"),
  ...([true, false] as const).map((enabled): Operation => {
    const name = enabled ? "enable" : "disable";
    return {
      id: `${name}Flag`,
      method: "POST",
      path: `/flags/{key}/${name}`,
      summary: enabled ? "Enables a flag" : "Disables a flag: its off value serves",
      action: "edit",
      resources: resourceIn("flag"),
      conditions: ["If-Match"],
      dryRun: true,
      answers: switched,
      handle: (call) => toggle(call, enabled),
    };
  }),
  {
    id: "killFlag",
    method: "POST",
    path: "/flags/{key}/kill",
    summary: "Serves one value to everybody at once, whatever else is written; needs a reason",
    action: "kill",
    resources: resourceIn("flag"),
    body: {
      schema: {
        type: "object",
        properties: { value: { description: "Default: the flag's off value." } },
        additionalProperties: false,
      },
      isOptional: true,
    },
    dryRun: true,
    answers: {
      200: {
        description: "The emergency override",
        schema: { oneOf: [ref("Override"), ref("DryRun")] },
        headers: ["ETag"],
      },
    },
    handle: kill,
  },
  {
    id: "restoreFlag",
    method: "POST",
    path: "/flags/{key}/restore",
    summary: "Takes the emergency override back",
    action: "kill",
    resources: resourceIn("flag"),
    dryRun: true,
    answers: {
      200: {
        description: "Whether there was one",
        schema: { oneOf: [ref("Restored"), ref("DryRun")] },
      },
    },
    handle: restore,
  },
];

function* fittingKeys(f: FlagsInstance, filters: Filters): Generator<void, string[], void> {
  const keys: string[] = [];
  for (const [key, { flag }] of f.snapshot.flags) {
    if (fits(f, key, flag, filters)) keys.push(key);
    yield;
  }
  return keys;
}

function fits(f: FlagsInstance, key: string, flag: Flag, filters: Filters): boolean {
  const { search, tag, owner, enabled, source, type, environment } = filters;
  return (
    (search === undefined || mentions(key, flag, String(search).toLowerCase())) &&
    (tag === undefined || flag.tags?.includes(String(tag)) === true) &&
    (owner ?? flag.owner) === flag.owner &&
    (enabled ?? flag.enabled) === flag.enabled &&
    (source === undefined || f.writes.ownerOf("flag", key) === source) &&
    (type ?? flag.type) === flag.type &&
    (environment === undefined || (flag.environments?.includes(String(environment)) ?? true))
  );
}

function mentions(key: string, { name = "", description = "" }: Flag, search: string): boolean {
  return [key, name, description].some((text) => text.toLowerCase().includes(search));
}

function toggle(call: Call, enabled: boolean): Promise<HttpResponse> {
  const { key } = writable(call, "flag");
  const entry = existing(call, "flag");
  const ifVersion = versionFor(call.request, knownOf(entry), false);
  const written = call.f.writes.written("flag", key);
  // A boolean serves true while it says `enabled` and nothing else: it is to serve what it did.
  const isSilent = isPlainObject(written) && !("enabled" in written) && !("default" in written);
  const { type, default: value } = entry.definition as Flag;
  const patch = isSilent && type === "boolean" ? { enabled, default: value } : { enabled };
  return changeOne(call, { what: "flag", op: "patch", key, patch, ifVersion });
}

async function kill(call: Call): Promise<HttpResponse> {
  const { f, by, dryRun } = call;
  const key = call.params.key ?? "";
  const { value } = (call.body ?? {}) as { readonly value?: JsonValue };
  const { reason = "" } = by;
  if (reason === "") {
    const message = "An emergency needs a reason: send X-Reason.";
    throw new HalyardError("INVALID_OVERRIDE", message);
  }
  if (!dryRun) {
    const record = await f.overrides.kill(key, { ...by, reason, value });
    const etag = etagOf(record.version || undefined, overrideForm(record));
    return oneThing(call, { etag, version: record.version }, overrideForm(record));
  }
  const flagKey = keyOf(call, "flag");
  const flag = f.definitions.get(key)?.definition;
  const served = value === undefined ? (flag?.off ?? false) : value;
  if (flag !== undefined && !fitsType(served, flag.type)) {
    const message = `Flag "${flagKey}" is of type ${flag.type}, and the value is not.`;
    throw new HalyardError("INVALID_OVERRIDE", message);
  }
  const after = { value: served };
  return emergencyDryRun(call, flagKey, after);
}

async function restore(call: Call): Promise<HttpResponse> {
  const { f, by, dryRun } = call;
  const key = keyOf(call, "flag");
  if (dryRun) return emergencyDryRun(call, key, undefined);
  const changed = await f.overrides.restore(key, by);
  return json(200, { key, changed });
}

async function emergencyDryRun(
  call: Call,
  key: string,
  after: { readonly value: JsonValue } | undefined,
): Promise<HttpResponse> {
  const { f } = call;
  const emergency = f.overrides.emergency(key);
  const before = emergency && { value: emergency.value as JsonValue };
  const changed = JSON.stringify(before) !== JSON.stringify(after);
  const change = { what: "override", key, scope: "emergency", before, after, changed } as const;
  const slot = { what: "override", flagKey: key, layer: "emergency", scope: "system" } as const;
  const sample = await f.sampling?.impacts.of([{ ...slot, put: after }]);
  return dryRunAnswer(call, { changes: [change], problems: [], sample });
}
