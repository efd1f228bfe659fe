// Starts two processes on one store.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const server = fileURLToPath(new URL("server.ts", import.meta.url));
const first = Number(process.env.PORT ?? 3001);
const ports = first === 0 ? [0, 0] : [first, first + 1];

const children = ports.map((port) =>
  spawn(process.execPath, [...process.execArgv, server], {
    env: { ...process.env, PORT: String(port) },
    stdio: "inherit",
  }),
);

const end = (signal: NodeJS.Signals): void => {
  for (const child of children) child.kill(signal);
};
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => end(signal));
for (const child of children) {
  child.once("exit", (code) => {
    // One that failed takes the other along.
    if (code !== 0 && code !== null) {
      process.exitCode = code;
      end("SIGTERM");
    }
  });
}
