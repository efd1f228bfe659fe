import { type FlagClient, type Flags, type FlagsOptions, HalyardError } from "@halyard/server";
import {
  CLIENT,
  type GuardList,
  RequestFlags,
  runWithFlags,
  toInstance,
} from "@halyard/server/adapter";
import type {
  FastifyInstance,
  FastifyPluginCallback,
  FastifyReply,
  FastifyRequest,
  RouteOptions,
} from "fastify";
import fp from "fastify-plugin";
import type { RouteFlags } from "./augment.ts";
import { guardedBy, requireFeature } from "./guards.ts";
import { REPLY, reader } from "./request-reader.ts";

type Input = Flags | FlagsOptions<FastifyRequest>;

type Fields = FastifyRequest & Record<PropertyKey, unknown>;

const plugin: FastifyPluginCallback<Input> = (app, input, done) => {
  if (typeof (app as Partial<FastifyInstance>).decorateRequest !== "function") {
    throw new HalyardError("MISUSE", "flags is a plugin, not a hook: app.register(flags, { … })");
  }
  // Thrown, an error of a plugin would end the process.
  try {
    install(app, input);
  } catch (error) {
    return done(error as Error);
  }
  done();
};

function install(app: FastifyInstance, input: Input): void {
  // Fastify's own options for plugins come in the same object.
  const {
    prefix: _p,
    logLevel: _l,
    logSerializers: _s,
    ...options
  } = input as Record<string, unknown>;
  const given = "kind" in options ? (input as Flags) : undefined;
  const requestFlags = new RequestFlags(toInstance(given ?? (options as Input)), reader);
  const { instance, property } = requestFlags;
  if (app.hasRequestDecorator(property)) {
    // Registered twice, as by a plugin that needs it, it is there once.
    if (app.hasDecorator(property) && app.getDecorator(property) === instance) return;
    if (given === undefined) void instance.close();
    const message = `Another plugin, or another instance, writes request.${property} already. Give this one { property: "…" }.`;
    throw new HalyardError("MISUSE", message);
  }
  const client = decorate(app, requestFlags);
  if (!app.hasDecorator(property)) app.decorate(property, instance);
  addHooks(app, requestFlags, client);
  guardRoutes(app, instance);
  // An instance that was passed in belongs to whoever made it.
  if (given === undefined) app.addHook("onClose", () => instance.close());
}

/** A getter, so that requests that read no flag pay nothing, and made after authentication. */
function decorate(
  app: FastifyInstance,
  requestFlags: RequestFlags<FastifyRequest>,
): (request: FastifyRequest) => FlagClient {
  const { property } = requestFlags;
  const stored = Symbol(property);
  const client = (request: FastifyRequest): FlagClient => {
    const fields = request as Fields;
    fields[stored] ??= requestFlags.client(request);
    return fields[stored] as FlagClient;
  };
  app.decorateRequest(stored, null);
  const getter = function (this: FastifyRequest): FlagClient {
    return client(this);
  };
  app.decorateRequest(property, { getter });
  // Where guards look that do not know the property's name.
  if (property !== "flags" && !app.hasRequestDecorator(CLIENT)) {
    app.decorateRequest(CLIENT, { getter });
  }
  return client;
}

/** Only the hooks that this configuration needs: each costs every request. */
function addHooks(
  app: FastifyInstance,
  requestFlags: RequestFlags<FastifyRequest>,
  client: (request: FastifyRequest) => FlagClient,
): void {
  const { instance, asyncLocalStorage, looks } = requestFlags;
  if (looks || requestFlags.setsHeaders) {
    if (!app.hasRequestDecorator(REPLY)) app.decorateRequest(REPLY, null);
    app.addHook("onRequest", (request, reply, done) => {
      (request as { [REPLY]?: FastifyReply })[REPLY] = reply;
      done();
    });
  }
  if (looks) {
    app.addHook("onRequest", (request, reply, done) => {
      const answer = requestFlags.answer(request);
      if (answer !== undefined) {
        reply.code(answer.status).headers(answer.headers).send(answer.body);
        return;
      }
      // Made now, it marks the answer of a route that reads no flag, too.
      if (requestFlags.brings(request)) client(request);
      done();
    });
  }
  if (asyncLocalStorage) {
    const enter = (request: FastifyRequest, _reply: unknown, done: () => void): void =>
      runWithFlags(client(request), done);
    app.addHook("onRequest", enter);
    // Parsing a body leaves the store, so that it is entered again behind it.
    app.addHook("preValidation", enter);
  }
  if (instance.starting === undefined && !requestFlags.loads) return;
  app.addHook("preHandler", (request, _reply, done) => {
    const pending = requestFlags.prepare(client(request));
    if (pending === undefined) done();
    else pending.then(() => done(), done);
  });
}

/** Guards the routes whose `config` says so, and lists those that are guarded in any way. */
function guardRoutes(app: FastifyInstance, { guardList }: { readonly guardList: GuardList }): void {
  const hadRoutes = app.printRoutes() !== NO_ROUTES;
  app.addHook("onRoute", (route) => {
    const required = route.config?.flags;
    if (required !== undefined && !isGuarded(required)) {
      const { require, ...options } = required;
      route.preHandler = [...[route.preHandler ?? []].flat(), requireFeature(require, options)];
      // A copy: several routes may share one object in their configuration.
      route.config = { ...route.config, flags: { ...required, [GUARDED]: true } as RouteFlags };
    }
    listRoute(route, guardList);
  });
  // A route that was declared before the plugin was loaded did not pass the hook above. It must
  // not go unguarded, and only a request can tell that it has something to guard.
  if (!hadRoutes) return;
  app.addHook("preHandler", (request, _reply, done) => {
    const required = request.routeOptions.config.flags;
    if (required === undefined || isGuarded(required)) return done();
    const { method, url } = request.routeOptions;
    const message = `The route ${method} ${url} was declared before the flags plugin was loaded, so its \`config.flags\` could not be heeded. Write \`await app.register(flags)\` before the routes, or guard this one with \`preHandler: requireFeature(…)\`.`;
    done(new HalyardError("MISUSE", message));
  });
}

/** Marks a route's `config.flags` whose guard is in place. */
const GUARDED = Symbol.for("halyard.guardedRoute");

function isGuarded(required: RouteFlags): boolean {
  return (required as { readonly [GUARDED]?: boolean })[GUARDED] === true;
}

/** What Fastify prints for an application without routes. */
const NO_ROUTES = "(empty tree)";

function listRoute(route: RouteOptions, guardList: GuardList): void {
  const methods = [route.method].flat().filter((method) => method !== "HEAD");
  for (const handler of [...[route.preHandler ?? []].flat(), route.handler]) {
    const guarded = guardedBy(handler);
    if (guarded === undefined) continue;
    for (const method of methods) guardList.declare({ ...guarded, method, route: route.url });
  }
}

/**
 * Fastify plugin that puts a client on `request.flags`: of an instance, or of one that is made
 * of options and closed with the server. `app.register(flags, f)` or `app.register(flags, { … })`.
 */
export const flags: FastifyPluginCallback<Input> = fp(plugin, {
  name: "@halyard/fastify",
  fastify: ">=5",
});
