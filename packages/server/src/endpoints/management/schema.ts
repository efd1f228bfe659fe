/**
 * The part of JSON Schema (2020-12) that requests are checked by. The same objects stand in the
 * OpenAPI document, so that it can't say anything else.
 */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly const?: string | number | boolean;
  readonly enum?: readonly (string | number)[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly minProperties?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly format?: "date-time";
  /** Told apart by their constants. */
  readonly oneOf?: readonly Schema[];
  readonly default?: string | number | boolean;
}

/** Something wrong with a request's body or query. */
export interface Flaw {
  /** JSON Pointer. */
  readonly path: string;
  readonly message: string;
}

/** Most flaws that are told of one request. */
const MAX_FLAWS = 50;

/** What is wrong with a value; nothing when it fits. */
export function flawsOf(value: unknown, schema: Schema, path = ""): readonly Flaw[] {
  const flaws: Flaw[] = [];
  check(value, schema, path, flaws);
  return flaws;
}

function check(value: unknown, schema: Schema, path: string, flaws: Flaw[]): void {
  if (flaws.length >= MAX_FLAWS) return;
  const flaw = (message: string, at = path): void => void flaws.push({ path: at, message });
  if (schema.oneOf !== undefined) {
    const chosen = schema.oneOf.find((one) => fitsConstants(value, one));
    if (chosen === undefined) flaw(`must be one of ${schema.oneOf.map(shownConstants).join(", ")}`);
    else check(value, chosen, path, flaws);
    return;
  }
  const type = typeOf(value);
  const types = schema.type === undefined ? [] : [schema.type].flat();
  const isNumber = type === "integer" && types.includes("number");
  if (types.length > 0 && !types.includes(type) && !isNumber) {
    flaw(`must be ${types.join(" or ")}, not ${type}`);
    return;
  }
  if (schema.const !== undefined && value !== schema.const) flaw(`must be ${schema.const}`);
  if (schema.enum !== undefined && !schema.enum.includes(value as string)) {
    flaw(`must be one of ${schema.enum.join(", ")}`);
  }
  if (typeof value === "string") checkText(value, schema, flaw);
  if (typeof value === "number") {
    const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = schema;
    if (value < minimum || value > maximum) flaw(`must be from ${minimum} to ${maximum}`);
  }
  if (Array.isArray(value)) {
    const { minItems = 0, maxItems = Number.POSITIVE_INFINITY, items } = schema;
    if (value.length < minItems || value.length > maxItems) {
      flaw(`must have ${minItems} to ${maxItems} items, not ${value.length}`);
    } else if (items !== undefined) {
      for (const [index, item] of value.entries()) check(item, items, `${path}/${index}`, flaws);
    }
  } else if (type === "object") {
    checkObject(value as Record<string, unknown>, schema, path, flaws);
  }
}

function checkText(value: string, schema: Schema, flaw: (message: string) => void): void {
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern, format } = schema;
  if (value.length < minLength || value.length > maxLength) {
    flaw(`must have ${minLength} to ${maxLength} characters`);
  } else if (pattern !== undefined && !new RegExp(pattern, "u").test(value)) {
    flaw(`must match ${pattern}`);
  }
  if (format === "date-time" && !isTime(value)) {
    flaw("must be a time such as 2027-01-31T09:00:00Z");
  }
}

function checkObject(
  value: Readonly<Record<string, unknown>>,
  schema: Schema,
  path: string,
  flaws: Flaw[],
): void {
  const { properties = {}, required = [], additionalProperties = true } = schema;
  for (const name of required) {
    if (!Object.hasOwn(value, name)) flaws.push({ path, message: `\`${name}\` is missing` });
  }
  for (const [name, inner] of Object.entries(value)) {
    const at = `${path}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    if (Object.hasOwn(properties, name)) check(inner, properties[name] as Schema, at, flaws);
    else if (additionalProperties === false) {
      const known = Object.keys(properties).join(", ") || "none";
      flaws.push({ path: at, message: `unknown field; known are ${known}` });
      if (flaws.length >= MAX_FLAWS) return;
    }
  }
}

function fitsConstants(value: unknown, schema: Schema): boolean {
  return constantsOf(schema).every(
    ([name, constant]) => (value as Record<string, unknown> | null)?.[name] === constant,
  );
}

/** What an object has to have to be meant by a schema. */
function constantsOf({ properties = {}, required = [] }: Schema) {
  return Object.entries(properties).flatMap(([name, { const: constant }]) =>
    constant === undefined || !required.includes(name) ? [] : [[name, constant] as const],
  );
}

function shownConstants(schema: Schema): string {
  return `{ ${constantsOf(schema)
    .map(([name, constant]) => `${name}: ${constant}`)
    .join(", ")} }`;
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (Number.isInteger(value)) return "integer";
  return typeof value;
}

/** With a zone: without one, a time is another in each place. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

function isTime(text: string): boolean {
  return TIME.test(text) && Number.isFinite(Date.parse(text));
}
