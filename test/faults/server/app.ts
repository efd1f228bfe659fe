import type { IncomingHttpHeaders, Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Endpoint, FlagClient, Flags } from "@halyard/server";

/** What every framework's server here does. */
interface App {
  readonly server: Server;
  readonly close: () => Promise<void>;
}

export type StartApp = (flags: Flags) => Promise<App>;

/** Stands in for authentication: believes the headers. */
export function userOf(headers: IncomingHttpHeaders): object | undefined {
  const { "x-user": id, "x-plan": plan } = headers;
  return typeof id === "string" ? { id, plan } : undefined;
}

/** What one subject gets of one snapshot. */
export interface State {
  readonly generation: number;
  readonly twice: number;
  readonly label: string;
  readonly pro: boolean;
  readonly half: boolean;
  readonly named: boolean;
  readonly killable: boolean;
}

export function stateOf(flags: FlagClient): State {
  return {
    generation: flags.integer("generation", -1),
    twice: flags.integer("twice", -1),
    label: flags.string("label", "none"),
    pro: flags.enabled("pro"),
    half: flags.enabled("half"),
    named: flags.enabled("named"),
    killable: flags.enabled("killable"),
  };
}

/** A request that takes a while sees one snapshot all the time; -1 when it does not. */
export async function slowStateOf(flags: FlagClient): Promise<State> {
  const generation = flags.integer("generation", -1);
  await new Promise((resolve) => setTimeout(resolve, 5));
  const state = stateOf(flags);
  return state.generation === generation ? state : { ...state, generation: -1 };
}

/** Answers with the request as endpoints see it. */
export const echo: Endpoint = {
  name: "echo",
  handle: async ({ method, path, query, header, text }) => ({
    status: 200,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      method,
      path,
      query: [...query],
      long: header("x-long")?.length ?? null,
      twice: header("x-twice") ?? null,
      body: (await text(10_000)).length,
    }),
  }),
};

/** Node's own limits would end clients that a busy machine keeps waiting. */
export function withoutLimits(server: Server): void {
  server.keepAliveTimeout = 0;
  server.headersTimeout = 0;
  server.requestTimeout = 0;
}

export function listen(server: Server): Promise<void> {
  withoutLimits(server);
  return new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

export async function closeServer(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
