import { createRequire } from "node:module";
import type { RegexEngine } from "@halyard/core";

interface Re2Module {
  readonly RE2JS: {
    compile(pattern: string): { test(subject: string): boolean };
  };
}

/**
 * The linear engine for `matches` patterns that can't be shown to be linear: `re2js`, an optional
 * peer. `undefined` where it is not installed; such a pattern is then a problem of its document.
 */
export function installedRegexEngine(): RegexEngine | undefined {
  let re2: Re2Module | undefined;
  try {
    re2 = createRequire(import.meta.url)("re2js") as Re2Module;
  } catch (error) {
    // Only its absence is expected; a broken installation should be heard of.
    if ((error as { code?: unknown }).code !== "MODULE_NOT_FOUND") throw error;
    return undefined;
  }
  const { RE2JS } = re2;
  return {
    compile: (pattern) => {
      const compiled = RE2JS.compile(pattern);
      return (subject) => compiled.test(subject);
    },
  };
}
