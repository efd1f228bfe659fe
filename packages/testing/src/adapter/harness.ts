import type { Server } from "node:http";
import type {
  Endpoint,
  FlagClient,
  FlagKey,
  Flags,
  FlagsOptions,
  GuardOptions,
  Requirement,
  VariantOptions,
} from "@halyard/server";

/** What a handler sees of a request, whatever the framework. */
export interface Call {
  readonly flags: FlagClient;
  /** As the body parser left it. */
  readonly body: unknown;
}

export interface Answer {
  /** Default 200. */
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly json: unknown;
}

/** What it throws goes the way that a handler's errors go in the framework. */
export type Handler = (call: Call) => Answer | Promise<Answer>;

export interface GuardDescription {
  readonly requirement: Requirement;
  readonly options?: GuardOptions<Handler> | undefined;
  /** In the place of `onDisabled`, one that does not answer: it ends, or tells to go on. */
  readonly unanswered?: "ends" | "goes on" | undefined;
}

export interface ChoiceDescription {
  readonly key: FlagKey;
  readonly handlers: Readonly<Record<string, Handler>>;
  readonly fallback?: Handler | undefined;
  readonly options?: VariantOptions | undefined;
}

export interface RouteDescription {
  /** Default `get`. */
  readonly method?: "get" | "post" | undefined;
  readonly path: string;
  readonly guards?: readonly GuardDescription[] | undefined;
  /** In the place of a handler. */
  readonly choice?: ChoiceDescription | undefined;
  readonly handler?: Handler | undefined;
}

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** An application, in words that every framework has. */
export interface AppDescription {
  /** The instance, or the options of one; absent: no middleware. */
  readonly flags?: Flags | FlagsOptions | undefined;
  /** A second middleware, mounted after the first. */
  readonly more?: Flags | FlagsOptions | undefined;
  /** Name of the property that routes read. Default `flags`. */
  readonly property?: string | undefined;
  /** Puts a user where the framework's authentication puts it. */
  readonly authentication?:
    | { readonly at: "before" | "after"; readonly user: (headers: Headers) => unknown }
    | undefined;
  /** Puts a session's id where the framework's sessions put it. */
  readonly session?: ((headers: Headers) => string) | undefined;
  /** A header that the application sets itself, before anything else. */
  readonly header?: readonly [name: string, value: string] | undefined;
  /** A JSON body parser, before or behind the flags; frameworks with one of their own use that. */
  readonly bodyParser?: "before" | "after" | undefined;
  /** `all` believes forwarded headers from anybody, `loopback` from this machine. */
  readonly trustProxy?: "all" | "loopback" | undefined;
  readonly mounts?: readonly { readonly path: string; readonly endpoint: Endpoint }[] | undefined;
  readonly routes?: readonly RouteDescription[] | undefined;
  /** Mounts a function of the package that was not called, where its result belongs. */
  readonly misuse?: "flags" | "requireFeature" | undefined;
  /** `neutral`: answers `{ failed: code or message }` with the error's status; `framework`: its own. Default `neutral`. */
  readonly errors?: "neutral" | "framework" | undefined;
}

export interface RunningApp {
  readonly url: string;
  readonly server: Server;
  /** The instance behind the first middleware. */
  readonly instance: Flags | undefined;
  readonly close: () => Promise<void>;
}

/** Where a framework's ways show through, on purpose. Each comes with its reason. */
export interface Differences {
  /** Guarded routes are listed before their first request. */
  readonly listsRoutesAtStart?: string | undefined;
  /** A second instance on one property is an error at start, not a warning in a request. */
  readonly refusesSecondInstance?: string | undefined;
  /** Prefixes and routes match in any case of letters. */
  readonly ignoresCase?: string | undefined;
  /** An instance made of options is closed with the server. */
  readonly closesOwnInstance?: string | undefined;
  /** What is awaited for a request is awaited right before its handler, whenever flags came. */
  readonly loadsBeforeHandlers?: string | undefined;
}

/** One adapter, as the suite drives it. */
export interface AdapterHarness {
  readonly name: string;
  /** Makes the application and listens on a free port of 127.0.0.1. */
  readonly start: (app: AppDescription) => Promise<RunningApp>;
  readonly differences: Differences;
}

/** Status and body that a `neutral` error handler answers an error with. */
export function answerToError(error: unknown): Answer & { readonly status: number } {
  const { code, message, statusCode, status } = error as Record<string, unknown>;
  const given = statusCode ?? status;
  return {
    status: typeof given === "number" ? given : 500,
    json: { failed: code ?? message },
  };
}
