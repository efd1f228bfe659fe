import { afterAll, describe, it } from "vitest";

/** A real server, for the tests of one file. */
export interface TestServer {
  readonly url: string;
  /** Ends it and starts it again with what it had kept; if it was started here. */
  readonly restart: (() => Promise<void>) | undefined;
  /** Of what was started here. */
  readonly stop: () => Promise<void>;
}

/** A server that a variable names; `undefined` when it names none. */
export function namedServer(variable: string): TestServer | undefined {
  const url = process.env[variable];
  if (url === undefined || url === "") return undefined;
  return { url, restart: undefined, stop: async () => {} };
}

/**
 * Declares tests of a server, which is stopped after them. Without one they are skipped, where
 * that is seen; in CI that is a failure.
 */
export function withServer(
  name: string,
  found: TestServer | Error,
  declare: (server: TestServer) => void,
): void {
  if (!(found instanceof Error)) {
    afterAll(() => found.stop());
    declare(found);
    return;
  }
  const reason = `no ${name} can be had: ${found.message}`;
  const test = process.env.CI ? describe : describe.skip;
  test(name, () => {
    it(reason, () => {
      throw found;
    });
  });
}
