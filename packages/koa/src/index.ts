export * from "@halyard/server";
export type {} from "./augment.ts";
export { createFlags } from "./create-flags.ts";
export { type FlagsMiddleware, flags } from "./flags.ts";
export { byVariant, requireFeature } from "./guards.ts";
export { managementApi } from "./management-api.ts";
export { mount } from "./mount.ts";
