import { attributesOf, resolveKey, type Snapshot } from "@halyard/core";
import type { ContextDeriver } from "./context-deriver.ts";
import type { RequestContextOptions } from "./options.ts";

/** How contexts are derived, as far as it says where attributes come from. */
type Derivation = Pick<ContextDeriver<unknown>, "headers" | "anonymous"> & {
  readonly options: Pick<RequestContextOptions, "vary" | "deriveContext"> & {
    readonly context?: unknown;
  };
};

/** What tells answers apart that flags have decided about. */
export interface CacheKey {
  /** Headers of requests. */
  readonly headers: readonly string[];
  /** Something that no header of the request says. */
  readonly isPrivate: boolean;
}

/** What is the same for everybody, or told apart by the URL. */
const NOTHING: CacheKey = { headers: [], isPrivate: false };
const PRIVATE: CacheKey = { headers: [], isPrivate: true };
const COOKIE: CacheKey = { headers: ["cookie"], isPrivate: false };

// Neither is a flag's key.
const ALL = "*";
/** All keys that no flag has: overrides of subjects may serve them. */
const UNKNOWN = "?";

/** Says by what requests differ to the flags of an instance: worked out once per flag. */
export class CacheKeys {
  readonly #deriver: Derivation;
  readonly #declared: ReadonlyMap<string, CacheKey>;
  readonly #hasSubjects: boolean;
  /** By the flags of a snapshot: overrides make new ones of the same. */
  readonly #known = new WeakMap<Snapshot["flags"], Map<string, CacheKey>>();

  constructor(deriver: Derivation, hasSubjects: boolean) {
    this.#deriver = deriver;
    this.#hasSubjects = hasSubjects;
    const { vary } = deriver.options;
    this.#declared = new Map(
      Object.entries(typeof vary === "object" ? vary : {}).map(([attribute, headers]) => [
        attribute,
        { headers: [headers].flat(), isPrivate: false },
      ]),
    );
  }

  /** Of one flag, or of all together; `undefined` where nothing in a request makes a difference. */
  of(key: string | undefined, snapshot: Snapshot): CacheKey | undefined {
    const { flags } = snapshot;
    let known = this.#known.get(flags);
    if (known === undefined) {
      known = new Map();
      this.#known.set(flags, known);
    }
    const name = key === undefined ? ALL : flags.has(key) ? key : this.#resolved(key, snapshot);
    let found = known.get(name);
    if (found === undefined) {
      found = name === ALL ? this.#ofAll(snapshot) : this.#ofFlag(name, snapshot);
      known.set(name, found);
    }
    return found.isPrivate || found.headers.length > 0 ? found : undefined;
  }

  #resolved(key: string, { flags, aliases }: Snapshot): string {
    const resolved = resolveKey(key, aliases);
    return flags.has(resolved) ? resolved : UNKNOWN;
  }

  #ofAll(snapshot: Snapshot): CacheKey {
    return joined([...snapshot.flags.keys(), UNKNOWN].map((key) => this.#ofFlag(key, snapshot)));
  }

  #ofFlag(key: string, snapshot: Snapshot): CacheKey {
    const attributes = attributesOf(key, snapshot, this.#hasSubjects);
    return joined(attributes.map((attribute) => this.#ofAttribute(attribute)));
  }

  /** Follows how a context reads attributes; what is not known to come from a header is private. */
  #ofAttribute(name: string): CacheKey {
    const declared = this.#declared.get(name);
    if (declared !== undefined) return declared;
    const { options, headers, anonymous } = this.#deriver;
    // It may give any attribute, to any request.
    if (options.context !== undefined || options.deriveContext === false) return PRIVATE;
    const header = headers.get(name);
    if (header !== undefined) return { headers: [header], isPrivate: false };
    switch (name) {
      case "path":
      case "method":
        return NOTHING;
      case "host":
        // Caches know the one that was asked for; frameworks believe proxies that say another.
        return { headers: ["x-forwarded-host"], isPrivate: false };
      case "userAgent":
        return { headers: ["user-agent"], isPrivate: false };
      case "targetingKey":
      case "anonymous": {
        const user = this.#ofAttribute("userId");
        // Private, too: an answer may make the id, and nobody shares one.
        return anonymous === undefined ? user : joined([user, PRIVATE, COOKIE]);
      }
      default:
        return PRIVATE;
    }
  }
}

function joined(keys: readonly CacheKey[]): CacheKey {
  return {
    headers: [...new Set(keys.flatMap(({ headers }) => headers))],
    isPrivate: keys.some(({ isPrivate }) => isPrivate),
  };
}
