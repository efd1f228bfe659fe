import { randomUUID } from "node:crypto";
import { HalyardError } from "@halyard/core";
import { checkFields, FUNCTION } from "../../check-fields.ts";
import type { Flags } from "../../create-flags.ts";
import type { FlagsInstance } from "../../flags-instance.ts";
import type { Endpoint, HttpRequest, HttpResponse } from "../endpoint.ts";
import { type Authorize, actorOf, isAllowed } from "./authorize.ts";
import { readBody } from "./body.ts";
import { changeOperations } from "./change-operations.ts";
import { ChangeStreams, type StreamCounts } from "./change-streams.ts";
import { corsHeaders, isOrigin, refuseCrossSite, withHeaders } from "./cross-site.ts";
import { evaluationOperations } from "./evaluation-operations.ts";
import { flagOperations } from "./flag-operations.ts";
import { groupOperations } from "./group-operations.ts";
import { openApiOf, openApiOperation, queryOf } from "./openapi.ts";
import type { Asked, Call, Operation } from "./operation.ts";
import { otherOperations } from "./other-operations.ts";
import { overrideOperations } from "./override-operations.ts";
import { problemAnswer, RequestProblem } from "./problem.ts";
import { proposalOperations } from "./proposal-operations.ts";
import { readQuery } from "./query.ts";
import { reasonOf, requestIdOf } from "./request-headers.ts";
import { passesReview } from "./review-gate.ts";
import { type Found, Router } from "./router.ts";
import { flawsOf } from "./schema.ts";
import { segmentOperations } from "./segment-operations.ts";
import { streamOperation } from "./stream-operation.ts";
import { STREAM_OPTIONS, type StreamOptions } from "./stream-options.ts";
import { tokenOperations } from "./token-operations.ts";
import { usageOperations } from "./usage-operations.ts";

export interface ManagementOptions<Request = unknown> {
  /** Says who asks, or that they may not. Required: without it everybody could change flags. */
  readonly authorize: Authorize<Request>;
  /** Bytes that a body may have. Default 1,000,000. */
  readonly maxBody?: number | undefined;
  /**
   * Other sites whose pages may call the API with the cookies of whoever looks at them, such as
   * `https://admin.acme.example`. Default: none.
   */
  readonly origins?: readonly string[] | undefined;
  /** Of `GET /events`, which tells what changes. */
  readonly streams?: StreamOptions | undefined;
}

/** The management API as a value for `mount`. */
export interface ManagementApi extends Endpoint {
  /** Requests so far that were not let through. */
  readonly refused: { readonly [Code in Refusal]: number };
  /** Clients that listen for changes. */
  readonly streams: StreamCounts;
}

type Refusal = "UNAUTHENTICATED" | "FORBIDDEN" | "CROSS_SITE";

const MAX_BODY = 1_000_000;

/**
 * Makes the API that changes flags, segments, overrides and groups over HTTP, and shows their audit:
 * `app.use("/admin/flags", mount(managementApi(f, { authorize })))`. Throws `INVALID_OPTIONS`.
 */
export function managementApi<Request = unknown>(
  flags: Flags,
  options: ManagementOptions<Request>,
): ManagementApi {
  const f = flags as FlagsInstance;
  if ((f as FlagsInstance | undefined)?.kind !== "halyard.instance") {
    throw invalid("managementApi takes an instance: managementApi(f, { authorize })");
  }
  if (typeof options?.authorize !== "function") {
    throw invalid(
      "managementApi needs `authorize`: (request, { action, resource }) => the actor, or false. Without it everybody could change flags.",
    );
  }
  checkFields<ManagementOptions>("", options, {
    authorize: FUNCTION,
    maxBody: {
      expected: "a number of bytes from 1 to 16,000,000",
      accepts: (value) =>
        Number.isInteger(value) && (value as number) > 0 && (value as number) <= 16_000_000,
    },
    origins: {
      expected: "a list of origins such as https://admin.acme.example",
      accepts: (value) => Array.isArray(value) && value.every(isOrigin),
    },
    streams: STREAM_OPTIONS,
  });
  return new Management(f, options as ManagementOptions);
}

class Management implements ManagementApi {
  readonly name = "management";
  readonly refused: Record<Refusal, number> = { UNAUTHENTICATED: 0, FORBIDDEN: 0, CROSS_SITE: 0 };
  readonly #f: FlagsInstance;
  readonly #authorize: Authorize;
  readonly #maxBody: number;
  readonly #origins: ReadonlySet<string>;
  readonly #router: Router;
  readonly #streams: ChangeStreams;

  constructor(f: FlagsInstance, { authorize, maxBody, origins, streams }: ManagementOptions) {
    this.#f = f;
    this.#streams = new ChangeStreams(f, streams);
    this.#authorize = authorize;
    this.#maxBody = maxBody ?? MAX_BODY;
    this.#origins = new Set(origins);
    const operations: readonly Operation[] = [
      ...flagOperations,
      ...segmentOperations,
      ...overrideOperations,
      ...tokenOperations,
      ...groupOperations,
      ...changeOperations,
      ...proposalOperations,
      ...evaluationOperations,
      ...otherOperations,
      ...usageOperations,
      streamOperation(this.#streams),
      openApiOperation(() => document),
    ];
    const document = openApiOf(operations);
    this.#router = new Router(operations);
  }

  get streams(): StreamCounts {
    return this.#streams.counts;
  }

  async handle(request: HttpRequest): Promise<HttpResponse> {
    const requestId = requestIdOf(request) ?? randomUUID();
    let found: Found | undefined;
    let answer: HttpResponse;
    try {
      found = this.#router.find(request.path);
      answer = await this.#answer(request, found, requestId);
    } catch (error) {
      answer = this.#refuse(error, request, requestId);
    }
    const methods = found?.methods ?? [];
    return withHeaders(answer, {
      "x-request-id": requestId,
      ...corsHeaders(request, this.#origins, methods),
    });
  }

  async #answer(request: HttpRequest, found: Found, requestId: string): Promise<HttpResponse> {
    const { method } = request;
    const allow = found.methods.join(", ");
    if (method === "OPTIONS") {
      return { status: 204, headers: { allow, "cache-control": "no-store" }, body: "" };
    }
    const operation = found.operations.get(method === "HEAD" ? "GET" : method);
    if (operation === undefined) {
      const headers = { allow };
      throw new RequestProblem("METHOD_NOT_ALLOWED", `Use ${allow}.`, { headers });
    }
    const isChange = operation.method !== "GET";
    if (isChange || operation.ownSiteOnly === true) refuseCrossSite(request, this.#origins);
    const reason = isChange ? reasonOf(request) : undefined;
    const query = readQuery(request.query, queryOf(operation));
    await this.#begun(operation);
    const asked: Asked = { f: this.#f, request, params: found.params, query, body: undefined };
    const read = async (): Promise<Asked> => ({
      ...asked,
      body: await this.#body(asked, operation),
    });
    const first = operation.needsBody === true ? await read() : asked;
    const actor = await actorOf(this.#authorize, operation, first);
    const whole = operation.needsBody === true || !isChange ? first : await read();
    const { dryRun, ...rest } = query;
    const isEmergency = dryRun !== true && passesReview(this.#f, operation);
    const call: Call = {
      ...whole,
      query: rest,
      dryRun: dryRun === true,
      may: (action, resource) => isAllowed(this.#authorize, whole, { action, resource }),
      by: { actor, reason, requestId, ...(isEmergency && { bypass: true }) },
    };
    return operation.handle(call);
  }

  /** What is empty because it has not been read yet must not be taken for what there is. */
  async #begun({ id }: Operation): Promise<void> {
    if (id === "getHealth" || id === "getOpenApi") return;
    if (this.#f.starting !== undefined) await this.#f.starting;
    if (this.#f.snapshot.ready) return;
    throw new RequestProblem("NOT_READY", "No source has given definitions yet.");
  }

  async #body({ request }: Asked, { body: rule }: Operation): Promise<unknown> {
    const types = [rule?.type ?? "application/json"];
    const body = await readBody(request, types, this.#maxBody);
    const isExpected = rule !== undefined;
    if (body === undefined && (rule === undefined || rule.isOptional === true)) return undefined;
    if (body === undefined) throw new RequestProblem("INVALID_BODY", "The body is missing.");
    const none = { type: "object", properties: {}, additionalProperties: false } as const;
    const problems = flawsOf(body, isExpected ? rule.schema : none);
    if (problems.length === 0) return body;
    throw new RequestProblem("INVALID_BODY", "The body has parts that can't be.", { problems });
  }

  #refuse(error: unknown, request: HttpRequest, requestId: string): HttpResponse {
    const answer = problemAnswer(error);
    // A fault of this server, or of `authorize`, is for the application's own error handling.
    if (answer === undefined) throw error;
    const { log } = this.#f;
    const { code } = error as RequestProblem;
    const what = `${request.method} ${request.path.slice(0, 300)} (request ${requestId})`;
    if (Object.hasOwn(this.refused, code)) {
      this.refused[code as Refusal]++;
      this.#f.telemetry.meter.refused("management", code.toLowerCase());
      log.warn(`Management refused ${JSON.stringify(what)}: ${code}.`);
    } else if (answer.status === 503 && code !== "TOO_MANY_STREAMS") {
      log.error(`Management can't answer ${JSON.stringify(what)}: ${(error as Error).message}`);
    }
    return answer;
  }
}

function invalid(message: string): HalyardError {
  return new HalyardError("INVALID_OPTIONS", message);
}
