import type { SubjectLoader } from "@halyard/core";
import { Impacts, type ImpactsOptions } from "./impact.ts";
import type { SampleOptions } from "./options.ts";
import { samplingLoader } from "./sampling-loader.ts";
import { SubjectSample } from "./subject-sample.ts";

/** What an instance has that keeps a sample of its subjects. */
export interface Sampling {
  /** Takes the subjects of clients that read. */
  readonly loader: SubjectLoader;
  /** Takes none: for those who only ask what somebody would get. */
  readonly inner: SubjectLoader | undefined;
  readonly impacts: Impacts;
}

/** `undefined` unless the option asks for it: nothing is kept then, and no read knows of it. */
export function sampling(
  option: boolean | SampleOptions | undefined,
  parts: Omit<ImpactsOptions, "sample">,
): Sampling | undefined {
  if (option === undefined || option === false) return undefined;
  const { loader: inner } = parts;
  const sample = new SubjectSample(option === true ? {} : option, inner !== undefined);
  return {
    loader: samplingLoader(sample, inner),
    inner,
    impacts: new Impacts({ ...parts, sample }),
  };
}
