import { createFlags as create, type Flags, type FlagsOptions } from "@halyard/server";
import type { Context } from "koa";

/** Makes an instance, as `createFlags` of `@halyard/server`: `context` gets Koa's contexts. */
export const createFlags: (options?: FlagsOptions<Context>) => Flags = create;
