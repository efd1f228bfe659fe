/** What the tests ask of a server in its process, and what it answers. */
export type Question =
  | { readonly ask: "measure" }
  | { readonly ask: "kill"; readonly killed: boolean }
  | { readonly ask: "close" };

export type Answer =
  | { readonly says: "listening"; readonly port: number }
  | { readonly says: "measured"; readonly measure: Measure }
  | { readonly says: "done" }
  | { readonly says: "closed"; readonly measure: Measure };

/** What a process holds on to. */
export interface Measure {
  /** Bytes, after a collection of garbage. */
  readonly heap: number;
  /** Open descriptors; 0 where they can't be listed. */
  readonly descriptors: number;
  /** Active handles and requests, by their kind. */
  readonly resources: Readonly<Record<string, number>>;
  /** Listeners of the process, by event. */
  readonly listeners: Readonly<Record<string, number>>;
  readonly reloads: number;
  readonly refusals: number;
  /** Warnings of the process, by their code or name. */
  readonly warnings: readonly string[];
}

/** Kinds of resources that the channel to the test is made of: everything else must end. */
const CHANNEL: ReadonlySet<string> = new Set(["PipeWrap", "Pipe", "Immediate", "TickObject"]);

/** What of the server is still under way or open. */
export function openIn({ resources }: Measure): [kind: string, count: number][] {
  return Object.entries(resources).filter(([kind]) => !CHANNEL.has(kind));
}
