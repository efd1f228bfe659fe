import { readdirSync, readFileSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync } from "oxc-parser";
import { describe, expect, it } from "vitest";

/** Which packages a package may import, in sources and in its manifest. Tests are free. */
const allowed: Record<string, readonly string[]> = {
  core: [],
  server: ["core"],
  express: ["core", "server"],
  koa: ["core", "server"],
  fastify: ["core", "server"],
  stores: ["core"],
  exporters: ["core", "server"],
  testing: ["core", "server"],
};

/** Dynamic imports of optional packages, which are named in the configuration. */
const dynamicallyAllowed: Record<string, readonly string[]> = {
  "server/src/config/providers.ts": ["stores", "vendors"],
};

/** Optional peers: named, so that package managers let the dynamic imports find them. */
const optional: ReadonlySet<string> = new Set(["server stores"]);

interface Manifest {
  readonly dependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

interface Import {
  readonly file: string;
  readonly specifier: string;
  readonly dynamic: boolean;
}

const packages = fileURLToPath(new URL("../packages", import.meta.url));
const names = readdirSync(packages);

function sources(name: string): string[] {
  const folder = join(packages, name, "src");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.[cm]?tsx?$/.test(file) && !file.includes(".test."))
    .map((file) => join(folder, file));
}

function imports(path: string): Import[] {
  const text = readFileSync(path, "utf8");
  const { module } = parseSync(path, text);
  const file = path.slice(packages.length + 1).replaceAll(sep, "/");
  const found: Import[] = [];
  for (const { moduleRequest } of module.staticImports) {
    found.push({ file, specifier: moduleRequest.value, dynamic: false });
  }
  for (const { moduleRequest } of module.staticExports.flatMap(({ entries }) => entries)) {
    if (moduleRequest) found.push({ file, specifier: moduleRequest.value, dynamic: false });
  }
  for (const { moduleRequest } of module.dynamicImports) {
    const literal = /^["'`](.*)["'`]$/.exec(text.slice(moduleRequest.start, moduleRequest.end));
    if (literal?.[1]) found.push({ file, specifier: literal[1], dynamic: true });
  }
  return found;
}

const packageOf = (specifier: string) => /^@halyard\/([^/]+)/.exec(specifier)?.[1];

function runtimeDependencies(name: string): string[] {
  const manifest = JSON.parse(
    readFileSync(join(packages, name, "package.json"), "utf8"),
  ) as Manifest;
  return Object.keys({
    ...manifest.dependencies,
    ...manifest.peerDependencies,
    ...manifest.optionalDependencies,
  });
}

it("knows every package", () => {
  expect(Object.keys(allowed)).toEqual(expect.arrayContaining(names));
});

describe.each(names)("packages/%s", (name) => {
  const targets = allowed[name] ?? [];
  const all = sources(name).flatMap(imports);

  it(`imports no package but ${targets.join(", ") || "none"}`, () => {
    const wrong = all.filter(({ file, specifier, dynamic }) => {
      const target = packageOf(specifier);
      if (target === undefined || targets.includes(target)) return false;
      return !(dynamic && dynamicallyAllowed[file]?.includes(target));
    });
    expect(wrong).toEqual([]);
  });

  it("depends on no package that it may not import", () => {
    const wrong = runtimeDependencies(name).filter((dependency) => {
      const target = packageOf(dependency);
      if (target === undefined || targets.includes(target)) return false;
      return !optional.has(`${name} ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  it("reaches no file outside its own src by a relative path", () => {
    const own = join(packages, name, "src") + sep;
    const wrong = all.filter(
      ({ file, specifier }) =>
        specifier.startsWith(".") && !resolve(packages, file, "..", specifier).startsWith(own),
    );
    expect(wrong).toEqual([]);
  });
});

describe("packages/core runs anywhere", () => {
  it("imports nothing but its own files", () => {
    const wrong = sources("core")
      .flatMap(imports)
      .filter(({ specifier }) => !specifier.startsWith("."));
    expect(wrong).toEqual([]);
  });

  it("has no runtime dependency", () => {
    expect(runtimeDependencies("core")).toEqual([]);
  });
});
