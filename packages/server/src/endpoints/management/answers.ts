import { type AuditEntry, type Page, scopeKey } from "@halyard/core";
import type { ChangeReport } from "../../instance/changes.ts";
import type { FlagEntry } from "../../instance/definitions.ts";
import type { OverrideRecord } from "../../instance/overrides.ts";
import type { SegmentEntry } from "../../instance/segments.ts";
import type { Impact } from "../../sample/impact.ts";
import type { FlagImpact } from "../../sample/tally.ts";
import { type HttpResponse, json } from "../endpoint.ts";
import { isKnown, type Known } from "./conditions.ts";
import type { Asked, Call } from "./operation.ts";

/** A thing, or 304 for who has it already. */
export function oneThing(
  { request }: Pick<Asked, "request">,
  { etag }: Known,
  thing: unknown,
): HttpResponse {
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (!isRead || !isKnown(request, etag)) return json(200, thing, { etag });
  const { headers } = json(304, null, { etag });
  const { "content-type": _, ...rest } = headers;
  return { status: 304, headers: rest, body: "" };
}

export const nothing: HttpResponse = {
  status: 204,
  headers: { "cache-control": "no-store" },
  body: "",
};

export function pageAnswer<T>(
  { items, cursor }: Page<T>,
  form: (item: T) => unknown,
): HttpResponse {
  return json(200, { items: items.map(form), cursor });
}

type Entry = FlagEntry | SegmentEntry;

/** A flag or a segment; with how it is written, where that is known. */
export function entryForm(entry: Entry, written?: unknown): object {
  const { key, source, writable, version, definition } = entry;
  return { key, source, writable, version, definition, written };
}

export function overrideForm({ flagKey, scope, ...rest }: OverrideRecord): object {
  return {
    flag: flagKey,
    layer: rest.layer,
    scope: scopeKey(scope),
    state: rest.state,
    value: rest.value,
    reason: rest.reason,
    actor: rest.actor,
    createdAt: timeForm(rest.createdAt),
    createdBy: rest.createdBy,
    updatedAt: timeForm(rest.updatedAt),
    expiresAt: rest.expiresAt === undefined ? undefined : timeForm(rest.expiresAt),
    version: rest.version,
    priority: rest.priority,
  };
}

export function auditForm({ at, ...entry }: AuditEntry): object {
  return { ...entry, at: timeForm(at) };
}

export function timeForm(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** What a change would do, also to the subjects that were seen lately, where a sample is kept. */
export async function dryRunAnswer(
  call: Pick<Call, "may">,
  { changes, problems, sample }: Omit<ChangeReport, "version">,
): Promise<HttpResponse> {
  const flaws = problems.map(({ path, message }) => ({ path, message }));
  return json(200, {
    dryRun: true,
    changes,
    problems: flaws.length === 0 ? undefined : flaws,
    sample: sample && (await visibleImpact(call, sample)),
  });
}

/** A change of one flag touches others, of which not everybody may see what they give. */
async function visibleImpact({ may }: Pick<Call, "may">, impact: Impact): Promise<Impact> {
  const flags: FlagImpact[] = [];
  for (const each of impact.flags) {
    if (await may("view", { kind: "flag", key: each.key })) flags.push(each);
  }
  return { ...impact, flags };
}
