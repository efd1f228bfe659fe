import { type AnyContext, type EvaluationContext, isLazy, type LazyContext } from "./context.ts";

/** A context whose subject is in more groups than it says itself. */
export class JoinedContext implements LazyContext {
  readonly #context: AnyContext;
  readonly #groups: readonly string[];

  constructor(context: AnyContext, groups: readonly string[]) {
    this.#context = context;
    this.#groups = groups;
  }

  attribute(name: string): unknown {
    const own = ownAttribute(this.#context, name);
    return name === "groups" ? joined(own, this.#groups) : own;
  }

  toJSON(): EvaluationContext {
    const context = isLazy(this.#context) ? this.#context.toJSON() : this.#context;
    return { ...context, groups: joined(context.groups, this.#groups) as readonly string[] };
  }
}

function ownAttribute(context: AnyContext, name: string): unknown {
  if (isLazy(context)) return context.attribute(name);
  // A null with the whole path as its name is the answer: missing.
  return Object.hasOwn(context, name) ? (context[name] ?? null) : undefined;
}

function joined(own: unknown, groups: readonly string[]): readonly unknown[] {
  const list = Array.isArray(own) ? own : own === undefined || own === null ? [] : [own];
  return [...new Set<unknown>([...list, ...groups])];
}
