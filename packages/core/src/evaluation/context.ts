/**
 * The attributes of one subject, in OpenFeature's sense. Any attribute may be added; values that
 * are not JSON (functions, class instances, NaN) count as missing, a `Date` is its epoch
 * milliseconds. Only own properties are read.
 */
export interface EvaluationContext {
  /** What percentages and splits go by: a user's id, a tenant's, a device's. */
  readonly targetingKey?: string | number | undefined;
  readonly userId?: string | number | undefined;
  readonly name?: string | undefined;
  readonly email?: string | undefined;
  readonly ip?: string | undefined;
  readonly country?: string | undefined;
  /** The key stands for a visitor, not a user: no user's override or target is claimed. */
  readonly anonymous?: boolean | undefined;
  readonly groups?: string | readonly string[] | undefined;
  readonly roles?: string | readonly string[] | undefined;
  readonly perms?: string | readonly string[] | undefined;
  readonly tenantId?: string | number | undefined;
  readonly orgId?: string | number | undefined;
  readonly sessionId?: string | number | undefined;
  readonly userAgent?: string | undefined;
  readonly path?: string | undefined;
  readonly method?: string | undefined;
  readonly host?: string | undefined;
  readonly [attribute: string]: unknown;
}

/**
 * A context that works its attributes out when they are asked for, such as a request's: a header
 * that no flag reads is never looked at.
 */
export interface LazyContext {
  /**
   * The attribute of a top-level name; `undefined` when there is none. A client asks once for each
   * form that clauses compare: as it is, as a version, as a date.
   */
  readonly attribute: (name: string) => unknown;
  /** Does the I/O that the attributes need; `undefined` when there is none to do. */
  readonly load?: () => Promise<void> | undefined;
  /** Rises from 0 when attributes have become others than those that were asked for. */
  readonly generation?: number;
  /**
   * Runs what looks at attributes without settling who is asked for: reads that come later may still
   * find somebody else, such as a user who has been authenticated since.
   */
  readonly tentatively?: <T>(look: () => T) => T;
  /** Attributes are missing because working them out failed. */
  readonly failed?: boolean;
  /** All attributes as a plain object, for people and logs. */
  readonly toJSON: () => EvaluationContext;
}

export type AnyContext = EvaluationContext | LazyContext;

/** By its method: no attribute of a plain context is a function, those are missing by rule. */
export function isLazy(context: AnyContext): context is LazyContext {
  return typeof context.attribute === "function";
}
