import { type FlagUsage, USAGE_FINDINGS, type UsageFinding } from "../../usage/usage-report.ts";
import { json } from "../endpoint.ts";
import { timeForm } from "./answers.ts";
import { pageOfKeys } from "./key-page.ts";
import type { Operation } from "./operation.ts";
import { CURSOR, LIMIT, ref } from "./schemas.ts";

export const usageOperations: readonly Operation[] = [
  {
    id: "getUsage",
    method: "GET",
    path: "/usage",
    summary: "Which flags are read where, and which can go, as far as this process knows",
    action: "view",
    resources: () => [{ kind: "usage" }],
    query: {
      days: {
        type: "integer",
        minimum: 1,
        maximum: 3650,
        default: 30,
        description: "How long a flag has to be unread, or give one value, to be found.",
      },
      finding: {
        type: "string",
        enum: USAGE_FINDINGS,
        description: "Only flags with this finding.",
      },
      limit: LIMIT,
      cursor: CURSOR,
    },
    answers: { 200: { description: "A page of flags", schema: ref("Usage") } },
    handle: ({ f, query: { days, finding, ...page } }) => {
      const { flags, since, at, ...rest } = f.usage({ days: days as number | undefined });
      const found = new Map(
        flags
          .filter(
            ({ findings }) => finding === undefined || findings.includes(finding as UsageFinding),
          )
          .map((flag) => [flag.key, flag]),
      );
      const { items, cursor } = pageOfKeys([...found.keys()], page);
      return json(200, {
        ...rest,
        since: timeForm(since),
        at: timeForm(at),
        items: items.map((key) => usageForm(found.get(key) as FlagUsage)),
        cursor,
      });
    },
  },
];

function usageForm({ since, values, routes, ...flag }: FlagUsage): object {
  return {
    ...flag,
    ...readForm(flag),
    since: timeForm(since),
    values: values.map((value) => ({ ...value, ...readForm(value) })),
    routes: routes.map((route) => ({ ...route, ...readForm(route) })),
  };
}

function readForm({ lastRead }: { readonly lastRead: number | undefined }): object {
  return { lastRead: lastRead === undefined ? undefined : timeForm(lastRead) };
}
