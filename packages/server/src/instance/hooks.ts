import { type Log, messageOf } from "./log.ts";
import type { Hooks } from "./options.ts";

/** Hooks that are always there, and whose errors are logged. */
export type GuardedHooks = { readonly [Name in keyof Hooks]-?: NonNullable<Hooks[Name]> };

export function guardHooks(hooks: Hooks, log: Log): GuardedHooks {
  const guarded =
    <Event>(name: string, hook: ((event: Event) => unknown) | undefined) =>
    (event: Event): void => {
      const failed = (error: unknown): void =>
        log.error(`The hook ${name} threw: ${messageOf(error)}`);
      try {
        const result = hook?.(event);
        if (result instanceof Promise) result.catch(failed);
      } catch (error) {
        failed(error);
      }
    };
  return {
    onEvaluation: guarded("onEvaluation", hooks.onEvaluation),
    onReload: guarded("onReload", hooks.onReload),
    onChange: guarded("onChange", hooks.onChange),
    onTrack: guarded("onTrack", hooks.onTrack),
  };
}
