import {
  managementApi as create,
  type Flags,
  type ManagementApi,
  type ManagementOptions,
} from "@halyard/server";
import type { FastifyRequest } from "fastify";

/** Makes the API, as `managementApi` of `@halyard/server`: `authorize` gets Fastify's requests. */
export const managementApi: (
  flags: Flags,
  options: ManagementOptions<FastifyRequest>,
) => ManagementApi = create;
