import type { Clock, Precedence } from "@halyard/core";
import type { Log } from "../instance/log.ts";
import type { RuntimeState } from "../instance/runtime-state.ts";
import type { Meter } from "../telemetry/meter.ts";
import { type EdgeOptions, USUAL_LIFE } from "./options.ts";
import { SignedOverrideTokens } from "./override-tokens.ts";
import { Revocations } from "./revocations.ts";
import { TokenKeys } from "./token.ts";

export interface EdgeParts {
  readonly options: EdgeOptions;
  readonly environment: string;
  readonly precedence: Precedence;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Pick<Meter, "refused" | "overridden">;
}

/** Where URL overrides are heeded. */
export interface UrlSettings {
  readonly prefix: string;
  readonly cookie: string;
}

/** Where tokens are looked for. */
export interface TokenSettings {
  readonly header: string;
  readonly cookie: string;
  /** Of links; `undefined` where they are not heeded. */
  readonly parameter: string | undefined;
}

/** What an instance has for overrides that requests bring along. */
export class Edge {
  readonly revocations: Revocations = new Revocations();
  readonly parts: EdgeParts;
  /** `undefined` where they are not configured, or this is not one of their environments. */
  readonly url: UrlSettings | undefined;
  readonly token: TokenSettings | undefined;
  readonly #told = new Set<string>();

  constructor(parts: EdgeParts) {
    this.parts = parts;
    this.url = this.#urlSettings();
    const { overrideTokens } = parts.options;
    if (overrideTokens !== undefined) {
      const { header = "halyard-override-token", parameter = "halyard_token" } = overrideTokens;
      const { cookie = "halyard_override_token", links = true } = overrideTokens;
      this.token = {
        header: header.toLowerCase(),
        cookie,
        parameter: links ? parameter : undefined,
      };
    }
  }

  #urlSettings(): UrlSettings | undefined {
    const { options, environment, log } = this.parts;
    if (options.urlOverrides === undefined) return undefined;
    const { prefix = "ff_", cookie = "halyard_overrides" } = options.urlOverrides;
    const { environments = ["development", "staging"] } = options.urlOverrides;
    // Production is in no such list: the options were checked.
    if (environments.includes(environment)) return { prefix, cookie };
    log.info(`URL overrides are off: "${environment}" is not one of their environments.`);
    return undefined;
  }

  /** Whether there is anything to look for in requests. */
  get isOn(): boolean {
    return this.url !== undefined || this.token !== undefined;
  }

  /** Tokens of the instance; {@link SignedOverrideTokens} refuses where none are configured. */
  tokens(state: RuntimeState): SignedOverrideTokens {
    const { options, environment, log } = this.parts;
    const { revocations } = this;
    const { keys, application = "", maxLife = USUAL_LIFE } = options.overrideTokens ?? {};
    const audience = [application, environment] as const;
    const tokenKeys = keys && new TokenKeys({ keys, audience, maxLife });
    return new SignedOverrideTokens({ state, keys: tokenKeys, maxLife, revocations, log });
  }

  /** Counts what is not heeded; each kind is logged once, without what the client sent. */
  refused(what: "override_token" | "url_override", flaw: string): void {
    const { meter, log } = this.parts;
    meter.refused(what, flaw);
    const kind = `${what}: ${flaw}`;
    if (this.#told.has(kind)) return;
    this.#told.add(kind);
    log.warn(
      `A request brought ${what === "override_token" ? "an override token" : "a URL override"} that is not heeded (${flaw}). Others like it are only counted.`,
    );
  }

  applied(keys: readonly string[], origins: ReadonlySet<string>): void {
    const { meter, log } = this.parts;
    // Not by the token's id, of which there is no end.
    const kinds = new Set([...origins].map((origin) => origin.split(":", 1)[0] as string));
    for (const kind of kinds) meter.overridden(kind);
    log.debug(`A request is under overrides of ${keys.join(", ")} (${[...origins].join(", ")}).`);
  }
}
