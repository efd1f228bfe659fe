/** A level of the override ladder. */
export type Layer =
  | "emergency"
  | "local"
  | "session"
  | "user"
  | "role"
  | "perm"
  | "org"
  | "tenant"
  | "system";

/** The layers' priorities: of several active overrides of a flag, the highest serves. */
export type Precedence = Readonly<Record<Layer, number>>;

export const DEFAULT_PRECEDENCE: Precedence = Object.freeze({
  emergency: 1000,
  local: 500,
  session: 200,
  user: 100,
  role: 90,
  perm: 90,
  org: 70,
  tenant: 60,
  system: 50,
});

/** The layers whose priority an application may choose. The emergency always beats them all. */
export type OrdinaryLayer = Exclude<Layer, "emergency">;

/** The precedence with an application's own priorities for some layers: numbers below 1000. */
export function precedenceWith(
  own: {
    readonly [Layer in OrdinaryLayer]?: number | undefined;
  },
): Precedence {
  const given = Object.entries(own).filter(([, priority]) => priority !== undefined);
  return Object.freeze({ ...DEFAULT_PRECEDENCE, ...Object.fromEntries(given) });
}

/** Layers that apply to flags with `overridable: false` too. */
export const UNCONDITIONAL_LAYERS: ReadonlySet<Layer> = new Set<Layer>(["emergency", "local"]);

/** Layers that hold for everybody: what they serve does not depend on who asks. */
export const SYSTEM_WIDE_LAYERS: ReadonlySet<Layer> = new Set<Layer>([
  "emergency",
  "local",
  "system",
]);
