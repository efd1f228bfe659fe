import type { Schema } from "./schema.ts";

// What the schemas of the API are made of.

export const TEXT: Schema = { type: "string" };
export const TIME: Schema = { type: "string", format: "date-time" };
export const ANY: Schema = {};
export const VERSION: Schema = { type: "integer", minimum: 1 };
export const BOOLEAN: Schema = { type: "boolean" };
export const OBJECT: Schema = { type: "object" };
export const COUNT: Schema = { type: "integer", minimum: 0 };

export function object(
  properties: Readonly<Record<string, Schema>>,
  optional: readonly string[] = [],
): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", properties, required, additionalProperties: false };
}

export const ACTOR: Schema = object({ id: TEXT, type: TEXT, name: TEXT }, ["name"]);
