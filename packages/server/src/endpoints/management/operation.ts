import type { Actor } from "@halyard/core";
import type { FlagsInstance } from "../../flags-instance.ts";
import type { HttpRequest, HttpResponse } from "../endpoint.ts";
import type { Schema } from "./schema.ts";

/**
 * What somebody wants to do: look, change, pull the emergency brake and release it, or make tokens
 * that override flags and end them; where changes are reviewed, propose one, or decide on what
 * others propose.
 */
export type ManagementAction = "view" | "edit" | "kill" | "issue" | "propose" | "approve";

/** What it is to be done to. Without a `key`, to all of the kind at once. */
export interface ManagementResource {
  readonly kind:
    | "flag"
    | "segment"
    | "override"
    | "token"
    | "group"
    | "user"
    | "proposal"
    | "audit"
    | "evaluation"
    | "guards"
    | "usage"
    | "health"
    | "api";
  /**
   * Of the flag (never an alias), the segment, the override's or the token's flag, the group, the user
   * or the proposal.
   */
  readonly key?: string | undefined;
  /** Of an override, and of a token with a subject: as `user:ann`. */
  readonly scope?: string | undefined;
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** One line of the table that routes requests and that the OpenAPI document is made from. */
export interface Operation {
  readonly id: string;
  readonly method: Method;
  /** `{name}` stands for one segment of the path. */
  readonly path: string;
  readonly summary: string;
  readonly action: ManagementAction;
  /** What `authorize` is asked about; with `needsBody`, only known once the body is read. */
  readonly resources: (call: Asked) => readonly ManagementResource[];
  readonly needsBody?: boolean;
  readonly query?: Readonly<Record<string, Schema>>;
  readonly body?: BodyRule;
  /** Headers that it heeds, for the document. */
  readonly conditions?: readonly ("If-Match" | "If-None-Match" | "Last-Event-ID")[];
  /** Refused for pages of other sites, as changes are, though it changes nothing. */
  readonly ownSiteOnly?: boolean;
  /** It can be tried with `?dryRun=true`. */
  readonly dryRun?: boolean;
  readonly answers: Readonly<Record<number, AnswerRule>>;
  readonly handle: (call: Call) => Promise<HttpResponse> | HttpResponse;
}

interface BodyRule {
  readonly schema: Schema;
  readonly type?: string;
  readonly isOptional?: boolean;
}

export interface AnswerRule {
  readonly description: string;
  readonly schema?: Schema;
  /** Default `application/json`. */
  readonly type?: string;
  readonly headers?: readonly ("ETag" | "Location")[];
}

/** A request as far as it is understood before anybody is asked. */
export interface Asked {
  readonly f: FlagsInstance;
  readonly request: HttpRequest;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Fits the operation's schema; `undefined` when there is none. */
  readonly body: unknown;
}

export interface Call extends Asked {
  /** Whether the actor may do something else, too. */
  readonly may: (action: ManagementAction, resource: ManagementResource) => Promise<boolean>;
  readonly dryRun: boolean;
  readonly by: {
    readonly actor: Actor;
    readonly reason: string | undefined;
    readonly requestId: string;
    /** An emergency that does not wait for a review. */
    readonly bypass?: true;
  };
}
