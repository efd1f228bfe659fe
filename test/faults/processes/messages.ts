/** How a process is started. */
export interface Settings {
  /** Of its store. */
  readonly url: string;
  /** Milliseconds, as the store takes it. */
  readonly pollInterval?: number | undefined;
  /** Milliseconds, as the instance takes it. */
  readonly startTimeout?: number | undefined;
  readonly lastKnownGood?: string | undefined;
}

/** The flags that are written and read: by their definition, a user's override, an emergency. */
export const FLAGS = ["defined", "overridden", "emergency"] as const;

export type FlagName = (typeof FLAGS)[number];

/** What a process serves to a user; -1 where it knows no flag. */
export interface State {
  readonly values: Readonly<Record<FlagName, number>>;
  readonly stale: boolean;
  /** How often the store was asked for what it knows of the user. */
  readonly loads: number;
}
