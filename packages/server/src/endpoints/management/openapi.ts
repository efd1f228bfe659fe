import { json } from "../endpoint.ts";
import type { AnswerRule, Operation } from "./operation.ts";
import type { Schema } from "./schema.ts";
import { COMPONENTS, ref } from "./schemas.ts";

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  "If-Match": "The ETag that the change is made for, or * for whatever is there",
  "If-None-Match": "The ETag that the asker has; of a change, *: only if there is nothing",
  "Last-Event-ID": "The id of the last event that the client has seen",
  "X-Reason": "Why, for the audit; percent-encoded where it is not ASCII",
  "X-Request-Id": "For the audit and the log; echoed in the answer",
};

const DRY_RUN: Schema = {
  type: "boolean",
  default: false,
  description: "Tells what would change, and changes nothing.",
};

/** What an operation takes in its query. */
export function queryOf({ query = {}, dryRun }: Operation): Readonly<Record<string, Schema>> {
  return dryRun === true ? { ...query, dryRun: DRY_RUN } : query;
}

/** The OpenAPI 3.1 document of the operations. */
export function openApiOf(operations: readonly Operation[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method.toLowerCase()]: describe(operation),
    };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Halyard management",
      version: "1",
      description: "Flags, segments, overrides, groups and their audit.",
    },
    servers: [{ url: "." }],
    paths,
    components: { schemas: COMPONENTS },
  };
}

function describe(operation: Operation): object {
  const { id, summary, method, path, action, conditions = [], body, answers } = operation;
  const changes = method !== "GET";
  const headers = [...conditions, ...(changes ? ["X-Reason"] : []), "X-Request-Id"];
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: "path",
      required: true,
      schema: { type: "string" },
    })),
    ...Object.entries(queryOf(operation)).map(([name, { description, ...schema }]) => ({
      name,
      in: "query",
      ...(description === undefined ? {} : { description }),
      schema,
    })),
    ...headers.map((name) => ({
      name,
      in: "header",
      description: DESCRIPTIONS[name],
      schema: { type: "string" },
    })),
  ];
  const problem = {
    description: "It was not done",
    content: { "application/problem+json": { schema: ref("Problem") } },
  };
  return {
    operationId: id,
    summary,
    "x-action": action,
    parameters,
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: body.isOptional !== true,
            content: { [body.type ?? "application/json"]: { schema: body.schema } },
          },
        }),
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([code, rule]) => [code, answerOf(rule)])),
      default: problem,
    },
  };
}

function answerOf({ description, schema, type, headers = [] }: AnswerRule): object {
  const text = { type: "string" };
  // A dry run, which may be the answer as well, is no thing that has a version.
  const isRequired = schema?.oneOf === undefined;
  const own = headers.map((name) => [name, { required: isRequired, schema: text }] as const);
  return {
    description,
    headers: Object.fromEntries([...own, ["X-Request-Id", { required: true, schema: text }]]),
    ...(schema === undefined ? {} : { content: { [type ?? "application/json"]: { schema } } }),
  };
}

/** Serves the document that it is in itself. */
export function openApiOperation(document: () => object): Operation {
  return {
    id: "getOpenApi",
    method: "GET",
    path: "/openapi.json",
    summary: "This document",
    action: "view",
    resources: () => [{ kind: "api" }],
    answers: { 200: { description: "OpenAPI 3.1", schema: ref("OpenApi") } },
    handle: () => json(200, document()),
  };
}
