import { ownValue } from "./attributes.ts";
import { type AnyContext, type EvaluationContext, isLazy, type LazyContext } from "./context.ts";

/** A context whose subject is in more groups than it says itself. */
export class JoinedContext implements LazyContext {
  /** As it was given. */
  readonly inner: AnyContext;
  readonly #groups: readonly string[];

  constructor(context: AnyContext, groups: readonly string[]) {
    this.inner = context;
    this.#groups = groups;
  }

  attribute(name: string): unknown {
    const own = ownValue(this.inner, name);
    return name === "groups" ? joined(own, this.#groups) : own;
  }

  toJSON(): EvaluationContext {
    const context = isLazy(this.inner) ? this.inner.toJSON() : this.inner;
    return { ...context, groups: joined(context.groups, this.#groups) as readonly string[] };
  }
}

function joined(own: unknown, groups: readonly string[]): readonly unknown[] {
  const list = Array.isArray(own) ? own : own === undefined || own === null ? [] : [own];
  return [...new Set<unknown>([...list, ...groups])];
}
