import semver from "semver";

/** Leading `v` and missing minor and patch made good; `undefined` when it is no version. */
export function versionOf(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const parts = /^v?(\d+)(\.\d+)?(\.\d+)?([-+].*)?$/s.exec(value);
  if (parts === null) return undefined;
  const full = `${parts[1]}${parts[2] ?? ".0"}${parts[3] ?? ".0"}${parts[4] ?? ""}`;
  // Trims and accepts `=1.2.3` of its own accord, which the pattern above has excluded in front.
  if (full !== full.trim()) return undefined;
  return semver.valid(full) === null ? undefined : full;
}

/** Precedence by Semantic Versioning 2.0.0: negative, zero or positive. */
export function compareVersions(a: string, b: string): number {
  return semver.compare(a, b);
}

export function inRange(version: string, range: string): boolean {
  return semver.satisfies(version, range);
}

export function isRange(range: string): boolean {
  return semver.validRange(range) !== null;
}
