import type { HttpResponse } from "../endpoint.ts";
import { json } from "../endpoint.ts";
import { dryRunAnswer, pageAnswer } from "./answers.ts";
import type { Call, Operation } from "./operation.ts";
import { CURSOR, LIMIT, ref } from "./schemas.ts";

const MEMBER = "/groups/{group}/members/{user}";

export const groupOperations: readonly Operation[] = [
  {
    id: "listMembers",
    method: "GET",
    path: "/groups/{group}/members",
    summary: "Who is in a group",
    action: "view",
    resources: ({ params }) => [{ kind: "group", key: params.group }],
    query: { limit: LIMIT, cursor: CURSOR },
    answers: { 200: { description: "A page of users' ids", schema: ref("Members") } },
    handle: async ({ f, params, query }) =>
      pageAnswer(await f.groups.members(params.group ?? "", query), (user) => user),
  },
  {
    id: "addMember",
    method: "PUT",
    path: MEMBER,
    summary: "Puts a user into a group; again is fine",
    action: "edit",
    resources: ({ params }) => [{ kind: "group", key: params.group }],
    dryRun: true,
    answers: {
      200: {
        description: "Whether that changed anything",
        schema: { oneOf: [ref("Membership"), ref("DryRun")] },
      },
    },
    handle: (call) => setMember(call, true),
  },
  {
    id: "removeMember",
    method: "DELETE",
    path: MEMBER,
    summary: "Takes a user out of a group; again is fine",
    action: "edit",
    resources: ({ params }) => [{ kind: "group", key: params.group }],
    dryRun: true,
    answers: {
      200: {
        description: "Whether that changed anything",
        schema: { oneOf: [ref("Membership"), ref("DryRun")] },
      },
    },
    handle: (call) => setMember(call, false),
  },
  {
    id: "listGroupsOfUser",
    method: "GET",
    path: "/users/{id}/groups",
    summary: "The groups that a user is in",
    action: "view",
    resources: ({ params }) => [{ kind: "user", key: params.id }],
    answers: { 200: { description: "Names of groups", schema: ref("Groups") } },
    handle: async ({ f, params }) => {
      const { id: user = "" } = params;
      return json(200, { user, groups: await f.groups.groupsOf(user) });
    },
  },
];

async function setMember(call: Call, member: boolean): Promise<HttpResponse> {
  const { f, params, by, dryRun } = call;
  const { group = "", user = "" } = params;
  const change = { what: "group", op: member ? "add" : "remove", group, user } as const;
  const report = await f.change([change], { ...by, dryRun });
  if (dryRun) return dryRunAnswer(call, report);
  return json(200, { group, user, member, changed: report.changes[0]?.changed === true });
}
