import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

// Uses the packages as their users do: from the tarballs that `.ci/pack.mjs` made, installed by npm
// into a project outside the workspace. `npm run test:packaging` makes the tarballs first.

export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports: Record<string, unknown>;
  readonly publishConfig: {
    readonly exports: Record<string, unknown>;
    readonly bin?: Record<string, string>;
  };
  readonly peerDependencies?: Record<string, string>;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const tarballs = join(root, "node_modules/.halyard/tarballs");
const consumers = join(root, "test/consumers");

const readJson = (file: string) => JSON.parse(readFileSync(file, "utf8"));

/** Of the packages that get published. */
export const manifests: readonly Manifest[] = readdirSync(join(root, "packages"))
  .map((name): Manifest => readJson(join(root, "packages", name, "package.json")))
  .filter((manifest) => !manifest.private);

/** The workspace's TypeScript. */
export const tsc: string = join(root, "node_modules/typescript/bin/tsc");

export interface Node {
  readonly program: string;
  readonly version: string;
  /** Older versions of Node and test runners such as Jest cannot require ECMAScript modules. */
  readonly withoutRequireOfModules: readonly string[];
}

/** The versions of Node to test on: those of `HALYARD_NODES`, a list like PATH, or this one. */
export const nodes: readonly Node[] = (process.env.HALYARD_NODES || process.execPath)
  .split(delimiter)
  .map((program) => {
    const flag = "--no-experimental-require-module";
    const version = execFileSync(program, ["--version"], { encoding: "utf8" }).trim();
    const knowsFlag = spawnSync(program, [flag, "--eval", ""]).status === 0;
    return { program, version, withoutRequireOfModules: knowsFlag ? [flag] : [] };
  });

/** All packages as dependencies, from their tarballs. */
function packed(): Record<string, string> {
  const files = readdirSync(tarballs);
  const entries = manifests.map(({ name }): [string, string] => {
    const prefix = `${name.slice(1).replace("/", "-")}-`;
    const tarball = files.find((file) => file.startsWith(prefix));
    if (tarball === undefined) throw new Error(`${name} is not packed: npm run test:packaging`);
    return [name, `file:${join(tarballs, tarball)}`];
  });
  return Object.fromEntries(entries);
}

/** A user's project, in a folder of its own. */
export class Project {
  readonly folder: string = mkdtempSync(join(tmpdir(), "halyard-consumer-"));

  /** Copies a folder of `test/consumers`, and installs what its manifest names and the packages. */
  copy(name: string, to = ""): this {
    for (const part of ["shared", name]) {
      const target = part === "shared" ? join(to, "shared") : to;
      cpSync(join(consumers, part), join(this.folder, target), { recursive: true });
    }
    return this;
  }

  /** Installs what the manifest names, and the packages. */
  install(manifest: object = readJson(join(this.folder, "package.json"))): this {
    const { dependencies } = manifest as { readonly dependencies?: object };
    const whole = { ...manifest, dependencies: { ...dependencies, ...packed() } };
    writeFileSync(join(this.folder, "package.json"), JSON.stringify(whole));
    return this.npm("install");
  }

  npm(...args: readonly string[]): this {
    this.run("npm", [...args, "--no-audit", "--no-fund", "--loglevel=error"]);
    return this;
  }

  write(file: string, text: string): string {
    const path = join(this.folder, file);
    writeFileSync(path, text);
    return path;
  }

  /** What the program prints; throws with all of it when it fails. */
  run(program: string, args: readonly string[]): string {
    const options = { cwd: this.folder, encoding: "utf8", stdio: "pipe" } as const;
    const { status, stdout, stderr, error } = spawnSync(program, args, options);
    if (status === 0) return stdout;
    const command = [program, ...args].join(" ");
    throw new Error(`${command} failed:\n${stdout}${stderr}`, { cause: error });
  }

  /** Errors in our declarations and in the project; declarations of others are theirs to mend. */
  typeErrors(compiler: string, args: readonly string[]): string[] {
    const { stdout, status } = spawnSync(
      process.execPath,
      [compiler, ...args, "--pretty", "false"],
      { cwd: this.folder, encoding: "utf8" },
    );
    const errors = stdout.split("\n").filter((line) => line.includes(": error TS"));
    if (status !== 0 && errors.length === 0) throw new Error(`tsc failed: ${stdout}`);
    return errors.filter((line) => !/(^|\/)node_modules\/(?!@halyard\/)/.test(line));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
