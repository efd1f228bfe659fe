import { type Actor, checkActor } from "@halyard/core";
import type { Asked, ManagementAction, ManagementResource, Operation } from "./operation.ts";
import { RequestProblem } from "./problem.ts";

/** What `authorize` is asked. */
export interface ManagementQuestion {
  readonly action: ManagementAction;
  readonly resource: ManagementResource;
}

type Verdict = Actor | false | null | undefined;

/**
 * Says who asks, or that they may not. Gets the framework's own request: that of Express or
 * Fastify, Koa's context. `false`: they may not (403). `undefined` or `null`: nobody is logged in
 * (401). What it throws goes the way of errors.
 */
export type Authorize<Request = unknown> = (
  request: Request,
  question: ManagementQuestion,
) => Verdict | Promise<Verdict>;

/** The actor, if all that the operation touches is allowed. Throws `FORBIDDEN`, `UNAUTHENTICATED`. */
export async function actorOf(
  authorize: Authorize,
  { action, resources }: Operation,
  asked: Asked,
): Promise<Actor> {
  let actor: Actor | undefined;
  for (const resource of distinct(resources(asked))) {
    const verdict = await authorize(asked.request.original, { action, resource });
    if (verdict === undefined || verdict === null) {
      throw new RequestProblem("UNAUTHENTICATED", "Nobody is logged in.");
    }
    if (verdict === false) {
      const what = resource.key === undefined ? resource.kind : `${resource.kind} ${resource.key}`;
      throw new RequestProblem("FORBIDDEN", `You may not ${action} this: ${what}.`);
    }
    actor ??= checkActor(verdict);
  }
  if (actor === undefined) throw new TypeError("An operation has to name what it touches.");
  return actor;
}

/** Whether somebody may do something beside what was asked for. */
export async function isAllowed(
  authorize: Authorize,
  { request }: Asked,
  question: ManagementQuestion,
): Promise<boolean> {
  const verdict = await authorize(request.original, question);
  return verdict !== undefined && verdict !== null && verdict !== false;
}

function distinct(resources: readonly ManagementResource[]): readonly ManagementResource[] {
  return [...new Map(resources.map((one) => [JSON.stringify(one), one])).values()];
}
