import {
  managementApi as create,
  type Flags,
  type ManagementApi,
  type ManagementOptions,
} from "@halyard/server";
import type { Request } from "express";

/** Makes the API, as `managementApi` of `@halyard/server`: `authorize` gets Express's requests. */
export const managementApi: (flags: Flags, options: ManagementOptions<Request>) => ManagementApi =
  create;
