import type { Precedence, Store, StoreNotice, SubjectLoader } from "@halyard/core";
import { type Log, messageOf } from "../instance/log.ts";
import type { SubjectOptions } from "./options.ts";
import { SubjectCache } from "./subject-cache.ts";
import { StoreSubjects } from "./subject-loader.ts";

export const DEFAULT_TTL = 60_000;
export const DEFAULT_MAX = 10_000;
export const DEFAULT_DEADLINE = 250;

/** Milliseconds between two lines in the log about subjects that can't be read. */
const REPORT_INTERVAL = 60_000;

/** What an instance has of its store's subjects. */
export interface Subjects {
  readonly loader: SubjectLoader;
  readonly cache: SubjectCache;
  readonly notice: (notice: Pick<StoreNotice, "touched">) => void;
  readonly close: () => void;
}

export function openSubjects(
  store: Store,
  options: SubjectOptions,
  { precedence, log }: { readonly precedence: Precedence; readonly log: Log },
): Subjects {
  const { failure = "open" } = options;
  const serving = failure === "open" ? "flags serve without overrides" : "callers' defaults serve";
  let reportedAt = Number.NEGATIVE_INFINITY;
  const cache = new SubjectCache({
    store,
    ttl: options.ttl ?? DEFAULT_TTL,
    max: options.max ?? DEFAULT_MAX,
    deadline: options.deadline ?? DEFAULT_DEADLINE,
    now: () => performance.now(),
    random: Math.random,
    onError: (error) => {
      const now = performance.now();
      if (now - reportedAt < REPORT_INTERVAL) return;
      reportedAt = now;
      log.warn(
        `A subject can't be loaded, so for those that are not known ${serving}. ${messageOf(error)}`,
      );
    },
    onCircuit: (open, error) => {
      if (open) {
        log.error(
          `Subjects can't be loaded from ${store.name} again and again, so it is left alone for a while. ${messageOf(error)}`,
        );
      } else log.info(`Subjects can be loaded from ${store.name} again.`);
    },
  });
  const loader = new StoreSubjects({ cache, failure, precedence, log });
  return {
    loader,
    cache,
    notice: (notice) => cache.notice(notice),
    close: () => cache.close(),
  };
}
