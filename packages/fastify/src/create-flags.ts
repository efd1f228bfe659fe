import { createFlags as create, type Flags, type FlagsOptions } from "@halyard/server";
import type { FastifyRequest } from "fastify";

/** Makes an instance, as `createFlags` of `@halyard/server`: `context` gets Fastify's requests. */
export const createFlags: (options?: FlagsOptions<FastifyRequest>) => Flags = create;
