import { RequestProblem } from "./problem.ts";
import { type Flaw, flawsOf, type Schema } from "./schema.ts";

type Values = Readonly<Record<string, string | number | boolean | undefined>>;

/** A query as an operation takes it: nothing unknown, nothing twice. Throws `INVALID_QUERY`. */
export function readQuery(
  query: URLSearchParams,
  schemas: Readonly<Record<string, Schema>>,
): Values {
  const values: Record<string, string | number | boolean | undefined> = {};
  const flaws: Flaw[] = [];
  for (const name of new Set(query.keys())) {
    const schema = Object.hasOwn(schemas, name) ? schemas[name] : undefined;
    const [text = "", ...more] = query.getAll(name);
    const path = `/${name}`;
    if (schema === undefined) {
      const known = Object.keys(schemas).join(", ") || "none";
      flaws.push({ path, message: `unknown parameter; known are ${known}` });
    } else if (more.length > 0) {
      flaws.push({ path, message: "is there more than once" });
    } else {
      const value = parsed(text, schema);
      flaws.push(...flawsOf(value, schema, path));
      values[name] = value;
    }
  }
  if (flaws.length === 0) return values;
  throw new RequestProblem("INVALID_QUERY", "The query has parameters that can't be.", {
    problems: flaws.slice(0, 50),
  });
}

function parsed(text: string, { type }: Schema): string | number | boolean {
  if (type === "integer" && /^-?\d{1,15}$/.test(text)) return Number(text);
  if (type === "boolean" && (text === "true" || text === "false")) return text === "true";
  return text;
}
