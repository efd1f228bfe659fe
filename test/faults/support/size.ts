/** Whether the long versions run: `npm run test:faults`. */
const LONG: boolean = process.env.HALYARD_FAULTS === "long";

/** A size for every run of the tests, and one for the long version. */
export function size(usual: number, long: number): number {
  return LONG ? long : usual;
}

/** Milliseconds. Not how long something takes, but when it is taken for endless. */
export const ENDLESS: number = size(60_000, 600_000);
