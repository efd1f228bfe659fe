#!/usr/bin/env node
import { migrateCommand } from "./migrate/command.ts";

const line = (stream: NodeJS.WriteStream) => (text: string) => void stream.write(`${text}\n`);

void migrateCommand(process.argv.slice(2), process.env, {
  out: line(process.stdout),
  error: line(process.stderr),
}).then((code) => {
  process.exitCode = code;
});
