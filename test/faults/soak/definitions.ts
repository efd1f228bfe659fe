import { bucketOf } from "../../property/reference/murmur3.ts";
import type { State } from "../server/app.ts";

export interface Subject {
  readonly user: string;
  readonly plan: string;
}

export const SUBJECTS: readonly Subject[] = Array.from({ length: 50 }, (_, index) => ({
  user: `user-${index}`,
  plan: ["free", "pro", "enterprise"][index % 3] ?? "free",
}));

/** Flags beside those that are read, so that a reload is some work and leaves some garbage. */
const FILLERS = 200;

/** A file of flags that says which one it is, in several flags that have to agree. */
export function definitionsOf(generation: number): string {
  const fillers = Array.from({ length: FILLERS }, (_, index) => {
    const when = [
      { attribute: "plan", op: "in", values: [`plan-${generation}`, `plan-${index}`] },
      { segment: `segment-${index % 10}` },
    ];
    return [`filler-${index}`, { rules: [{ id: "r", when, percentage: index % 100 }] }];
  });
  const segments = Array.from({ length: 10 }, (_, index) => [
    `segment-${index}`,
    { attribute: "email", op: "endsWith", values: [`@${index}.example`, `@${generation}.example`] },
  ]);
  const flags = {
    generation: { type: "integer", default: generation },
    twice: { type: "integer", default: 2 * generation },
    label: { type: "string", default: labelOf(generation) },
    pro: { rules: [{ id: "pro", when: { attribute: "plan", op: "eq", values: ["pro"] } }] },
    half: { percentage: 50 },
    named: { targets: [{ variant: "on", values: ["user-1", "user-2"] }] },
    killable: { type: "boolean", default: true },
    ...Object.fromEntries(fillers),
  };
  return JSON.stringify({ flags, segments: Object.fromEntries(segments) });
}

const labelOf = (generation: number) => `generation ${generation % 2 === 0 ? "even" : "odd"}`;

/** Why an answer can't be right, whichever file it was made from; `killable` is looked at elsewhere. */
export function whyWrong(state: State, { user, plan }: Subject): string | undefined {
  const { generation } = state;
  if (generation < 1) return "its definitions were changed while it ran, or never loaded";
  const expected = {
    ...state,
    twice: 2 * generation,
    label: labelOf(generation),
    pro: plan === "pro",
    half: bucketOf("half", user) < 50_000,
    named: user === "user-1" || user === "user-2",
  };
  const [got, wanted] = [JSON.stringify(state), JSON.stringify(expected)];
  return got === wanted ? undefined : `${user} with ${plan} got ${got} instead of ${wanted}`;
}
