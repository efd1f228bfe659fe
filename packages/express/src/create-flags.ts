import { createFlags as create, type Flags, type FlagsOptions } from "@halyard/server";
import type { Request } from "express";

/** Makes an instance, as `createFlags` of `@halyard/server`: `context` gets Express's requests. */
export const createFlags: (options?: FlagsOptions<Request>) => Flags = create;
