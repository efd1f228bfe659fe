import { HalyardError } from "../errors.ts";

/** Who does something: a person, a service, a job. */
export interface Actor {
  readonly id: string;
  readonly type: string;
  readonly name?: string | undefined;
}

/** Longest text of an actor. */
const MAX_TEXT = 512;

/** The actor as its own, frozen. Throws `INVALID_ACTOR` for what is none. */
export function checkActor(actor: unknown): Actor {
  const { id, type, name } = (actor ?? {}) as Partial<Record<keyof Actor, unknown>>;
  if (isText(id) && isText(type) && (name === undefined || isText(name))) {
    return Object.freeze(name === undefined ? { id, type } : { id, type, name });
  }
  throw new HalyardError(
    "INVALID_ACTOR",
    `Say who does this: an \`actor\` such as { id: "ann", type: "person" }, with texts of 1 to ${MAX_TEXT} characters.`,
  );
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "" && value.length <= MAX_TEXT;
}
