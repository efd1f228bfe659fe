import { entryForm, pageAnswer } from "./answers.ts";
import { definitionOperations } from "./definition-operations.ts";
import { pageOfKeys } from "./key-page.ts";
import type { Operation } from "./operation.ts";
import { CURSOR, LIMIT, NAME, ref } from "./schemas.ts";

export const segmentOperations: readonly Operation[] = [
  {
    id: "listSegments",
    method: "GET",
    path: "/segments",
    summary: "Segments by key",
    action: "view",
    resources: () => [{ kind: "segment" }],
    query: {
      search: { ...NAME, description: "In the key, in any case of letters." },
      source: NAME,
      limit: LIMIT,
      cursor: CURSOR,
    },
    answers: { 200: { description: "A page of segments", schema: ref("Segments") } },
    handle: ({ f, query }) => {
      const search = String(query.search ?? "").toLowerCase();
      const { source } = query;
      const keys = [...f.snapshot.segments.keys()].filter(
        (key) =>
          key.toLowerCase().includes(search) &&
          (source === undefined || f.writes.ownerOf("segment", key) === source),
      );
      const page = pageOfKeys(keys, query);
      const items = page.items.flatMap((key) => f.segments.get(key) ?? []);
      return pageAnswer({ ...page, items }, (entry) => entryForm(entry));
    },
  },
  ...definitionOperations("segment"),
];
