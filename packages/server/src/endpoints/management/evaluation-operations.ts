import {
  type ClientHost,
  type EvaluationContext,
  FlagClient,
  type FlagKey,
  type Problem,
  peekAssignments,
} from "@halyard/core";
import type { FlagsInstance } from "../../flags-instance.ts";
import { runSliced } from "../../instance/run-sliced.ts";
import { type HttpResponse, json } from "../endpoint.ts";
import type { Call, Operation } from "./operation.ts";
import type { Flaw, Schema } from "./schema.ts";
import { NAME, ref } from "./schemas.ts";

/** Most flags that can be named. */
const MAX_NAMED = 1000;

const BODY: Schema = {
  type: "object",
  properties: {
    context: { type: "object", description: "Attributes of the subject." },
    flags: {
      type: "array",
      maxItems: MAX_NAMED,
      items: NAME,
      description: "Keys; absent: all flags.",
    },
  },
  required: ["context"],
  additionalProperties: false,
};

export const evaluationOperations: readonly Operation[] = [
  {
    id: "validate",
    method: "POST",
    path: "/validate",
    summary: "Checks a document of definitions together with those that serve; writes nothing",
    action: "view",
    resources: () => [{ kind: "flag" }],
    body: { schema: { type: "object", description: "As a file has it: flags, segments, …" } },
    answers: { 200: { description: "What is wrong with it", schema: ref("Validation") } },
    handle: validate,
  },
  {
    id: "evaluate",
    method: "POST",
    path: "/evaluate",
    summary: "What a subject gets, and why in short",
    action: "view",
    resources: () => [{ kind: "evaluation" }],
    body: { schema: BODY },
    answers: { 200: { description: "Details of each flag", schema: ref("Evaluation") } },
    handle: (call) => evaluate(call, (client, key) => client.details(key)),
  },
  {
    id: "explain",
    method: "POST",
    path: "/explain",
    summary: "What a subject gets, with each step that led to it",
    action: "view",
    resources: () => [{ kind: "evaluation" }],
    body: { schema: BODY },
    answers: { 200: { description: "An explanation of each flag", schema: ref("Explanations") } },
    handle: (call) => evaluate(call, (client, key) => client.explain(key)),
  },
];

interface Subject {
  readonly context: EvaluationContext;
  readonly flags?: readonly string[];
}

/** Asks a client that no hook and no telemetry hears of: nobody is being served. */
async function evaluate(
  { f, body }: Call,
  ask: (client: FlagClient, key: FlagKey) => unknown,
): Promise<HttpResponse> {
  const { context, flags } = body as Subject;
  const client = new FlagClient(hostOf(f), context);
  await client.ready();
  const keys = flags ?? [...client.snapshot.flags.keys()];
  function* all(): Generator<void, unknown[], void> {
    const answers: unknown[] = [];
    for (const key of keys) {
      // What an application registers says nothing of a request's keys.
      answers.push(peekAssignments(client.snapshot, () => ask(client, key as FlagKey)));
      yield;
    }
    return answers;
  }
  return json(200, { flags: await runSliced(all()) });
}

/** The instance, without what keeps a sample of those who are served. */
function hostOf({
  snapshot,
  defaultEnabled,
  reads,
  subjects,
  sampling,
}: FlagsInstance): ClientHost {
  const loader = sampling === undefined ? subjects : sampling.inner;
  return { snapshot, defaultEnabled, reads, subjects: loader, track: () => {} };
}

/** What is in the request comes first, as it would if it were written. */
async function validate({ f, body }: Call): Promise<HttpResponse> {
  const result = await f.writes.examine(body);
  const own = result.warnings.filter(({ source }) => source === "request");
  return json(200, {
    valid: result.set !== undefined,
    problems: result.problems.map(flawOf),
    warnings: own.map(flawOf),
  });
}

function flawOf({ path, message }: Problem): Flaw {
  return { path, message };
}
