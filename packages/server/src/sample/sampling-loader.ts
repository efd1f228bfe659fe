import type { SubjectLoader } from "@halyard/core";
import { NothingKnown } from "../subjects/nothing-known.ts";
import type { SubjectSample } from "./subject-sample.ts";

/**
 * The loader of an instance that keeps a sample: a client's first read opens its subject, which is
 * when it is taken. Later reads know nothing of it.
 */
export function samplingLoader(
  sample: SubjectSample,
  inner: SubjectLoader | undefined,
): SubjectLoader {
  const loader = inner ?? new NothingKnown();
  return {
    unopened: (snapshot) => loader.unopened(snapshot),
    load: (context) => loader.load(context),
    open: (context, snapshot) => {
      const view = loader.open(context, snapshot);
      sample.take(context, snapshot);
      return view;
    },
  };
}
