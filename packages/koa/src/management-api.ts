import {
  managementApi as create,
  type Flags,
  type ManagementApi,
  type ManagementOptions,
} from "@halyard/server";
import type { Context } from "koa";

/** Makes the API, as `managementApi` of `@halyard/server`: `authorize` gets Koa's contexts. */
export const managementApi: (flags: Flags, options: ManagementOptions<Context>) => ManagementApi =
  create;
