import { resolveKey, scopeKey } from "@halyard/core";
import type { TokenRecord, TokenRequest } from "../../edge/override-tokens.ts";
import { MAX_TOKEN_FLAGS } from "../../edge/token.ts";
import { json } from "../endpoint.ts";
import { pageAnswer, timeForm } from "./answers.ts";
import type { Asked, ManagementResource, Operation } from "./operation.ts";
import { RequestProblem } from "./problem.ts";
import { CURSOR, EXPIRY, LIMIT, NAME, ref } from "./schemas.ts";

export const tokenOperations: readonly Operation[] = [
  {
    id: "listOverrideTokens",
    method: "GET",
    path: "/override-tokens",
    summary: "Tokens that were issued and have not expired; never the tokens themselves",
    action: "view",
    resources: () => [{ kind: "token" }],
    query: { limit: LIMIT, cursor: CURSOR },
    answers: { 200: { description: "A page of tokens", schema: ref("OverrideTokens") } },
    handle: async ({ f, query }) => pageAnswer(await f.overrideTokens.list(query), tokenForm),
  },
  {
    id: "issueOverrideToken",
    method: "POST",
    path: "/override-tokens",
    summary: "Makes a signed token that overrides flags for whoever holds it",
    action: "issue",
    resources: issuedResources,
    needsBody: true,
    body: {
      schema: {
        type: "object",
        properties: {
          flags: { type: "object", description: "Key of the flag → value." },
          subject: { ...NAME, description: "Id of the user who has to be the caller." },
          ...EXPIRY,
        },
        required: ["flags"],
        additionalProperties: false,
      },
    },
    answers: {
      201: { description: "The token, which is shown only now", schema: ref("IssuedToken") },
    },
    handle: async ({ f, body, by }) => {
      const issued = await f.overrideTokens.issue({ ...(body as TokenRequest), ...by });
      return json(201, { token: issued.token, ...tokenForm(issued) });
    },
  },
  {
    id: "revokeOverrideToken",
    method: "POST",
    path: "/override-tokens/{jti}/revoke",
    summary: "Ends a token before its time, in every process; again is fine",
    action: "issue",
    resources: () => [{ kind: "token" }],
    answers: { 200: { description: "Whether that changed anything", schema: ref("Revoked") } },
    handle: async ({ f, params: { jti = "" }, by }) =>
      json(200, { jti, changed: await f.overrideTokens.revoke(jti, by) }),
  },
];

/** Each flag, so that who may override one can make tokens for that one. */
function issuedResources({ f, body }: Asked): readonly ManagementResource[] {
  const { flags, subject } = body as { readonly flags: object; readonly subject?: string };
  const keys = Object.keys(flags);
  if (keys.length === 0 || keys.length > MAX_TOKEN_FLAGS) {
    const message = `must have 1 to ${MAX_TOKEN_FLAGS} flags`;
    const problems = [{ path: "/flags", message }];
    throw new RequestProblem("INVALID_BODY", "The body has parts that can't be.", { problems });
  }
  const scope = subject === undefined ? undefined : scopeKey({ kind: "user", id: subject });
  return keys.map((key) => ({
    kind: "token",
    key: resolveKey(key, f.snapshot.aliases),
    scope,
  }));
}

function tokenForm(token: TokenRecord): object {
  const { jti, kid, application, environment, subject, flags, actor, reason, revoked } = token;
  return {
    jti,
    kid,
    application,
    environment,
    subject,
    flags,
    issuedAt: timeForm(token.issuedAt),
    expiresAt: timeForm(token.expiresAt),
    actor,
    reason,
    revoked,
  };
}
