/** What names of headers and cookies are made of. */
export const COOKIE_NAME: RegExp = /^[\w!#$%&'*+.^`|~-]+$/;

/** The first cookie of a name, as it was sent. */
export function cookieValue(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined;
  for (const pair of header.split(";")) {
    const equals = pair.indexOf("=");
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return undefined;
}

/** A first-party cookie that no script reads. `value` has only what cookies may; `maxAge`: seconds. */
export function cookieOf(name: string, value: string, maxAge: number, secure: boolean): string {
  return `${name}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`;
}
