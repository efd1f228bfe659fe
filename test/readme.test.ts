import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createFlags, type HalyardError, loadDocument } from "@halyard/server";
import { keyValueStore } from "@halyard/stores/kv";
import { postgresStore } from "@halyard/stores/postgres";
import { redisAssignments, redisStore } from "@halyard/stores/redis";
import { sqliteStore } from "@halyard/stores/sqlite";
import { RE2JS } from "re2js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ask, makeFolder, Run, requestsOf, typeErrors } from "./readme/run.ts";
import { pages, read, root, type Snippet, snippetsOf, tableBelow } from "./readme/snippets.ts";

// What the pages say is true: their snippets run, and their lists are complete.

const all = pages.flatMap(snippetsOf);
const label = ({ page, line }: Snippet) => `${page}:${line}`;
const ofLanguage = (language: string) => all.filter((snippet) => snippet.language === language);
const runs = all.filter(({ directive }) => /^run\b/.test(directive));
const servers = all.filter(({ directive }) => directive === "serve");
const messages = all.filter(({ directive }) => directive.startsWith("message of: "));
const fileName = ({ directive }: Snippet) => /^file: ([\w.-]+)/.exec(directive)?.[1];

/** A folder with the files that the page shows above the snippet. */
function folderFor(snippet: Snippet): string {
  const folder = makeFolder();
  for (const other of all) {
    const name = fileName(other);
    if (name === undefined || other.page !== snippet.page || other.line > snippet.line) continue;
    writeFileSync(join(folder, name), other.code);
  }
  return folder;
}

describe("TypeScript on the pages", () => {
  // Registered flags and the like hold for a whole program, so those snippets get one each.
  const own = ofLanguage("ts").filter(({ code }) => code.includes("declare module"));
  const common = ofLanguage("ts").filter((snippet) => !own.includes(snippet));

  it("has snippets", () => expect(common.length).toBeGreaterThan(20));

  it("type-checks", { timeout: 60_000 }, async () => {
    const folder = makeFolder();
    for (const snippet of ofLanguage("ts")) {
      const name = fileName(snippet);
      if (name !== undefined) writeFileSync(join(folder, name), snippet.code);
    }
    expect(await typeErrors(folder, common)).toBe("");
    for (const snippet of own) expect(await typeErrors(folder, [snippet])).toBe("");
  });

  it.each(runs.map((snippet) => [label(snippet), snippet] as const))(
    "%s does what it claims",
    { timeout: 30_000 },
    async (_name, snippet) => {
      expect(await (await Run.start(folderFor(snippet), snippet)).ended()).toEqual([]);
    },
  );

  describe.each(servers.map((snippet) => [label(snippet), snippet] as const))(
    "%s answers as shown",
    (_name, snippet) => {
      const console = all[all.indexOf(snippet) + 1];
      let run: Run;
      let origin: string;
      beforeAll(async () => {
        run = await Run.start(folderFor(snippet), snippet);
        origin = await run.origin();
      });
      afterAll(() => run.stop());

      it("is followed by requests", () => expect(console?.language).toBe("console"));

      it.each(console === undefined ? [] : requestsOf(console))("$command", async (request) => {
        const printed = await ask(origin, request);
        const [shown = "", ...cut] = request.expected.split("…");
        expect(cut.length === 0 ? printed : printed.slice(0, shown.length)).toBe(shown);
      });
    },
  );
});

describe("YAML on the pages", () => {
  const files = ofLanguage("yaml").filter(({ directive }) => !/broken|other/.test(directive));

  it.each(files.map((snippet) => [label(snippet), snippet] as const))(
    "%s loads",
    (_name, { code }) => {
      const regexEngine = { compile: (text: string) => RE2JS.compile(text).test.bind(text) };
      expect(loadDocument(parse(code), { regexEngine }).flags.size).toBeGreaterThan(0);
    },
  );

  it.each(messages.map((snippet) => [label(snippet), snippet] as const))(
    "%s is what a bad file leads to",
    (_name, snippet) => {
      const name = snippet.directive.slice("message of: ".length);
      const folder = folderFor(snippet);
      let message = "";
      try {
        createFlags({ sources: [join(folder, name)] });
      } catch (error) {
        message = (error as HalyardError).message;
      }
      expect(message.replaceAll(`${folder}/`, "").trim()).toBe(snippet.code.trim());
    },
  );
});

it("names only scripts that exist", () => {
  const scripts = JSON.parse(read("package.json")).scripts as Record<string, string>;
  for (const { code } of ofLanguage("sh")) {
    for (const [, name = ""] of code.matchAll(/\bnpm run ([\w:]+)/g)) {
      expect(Object.keys(scripts)).toContain(name);
    }
  }
});

it("CONTRIBUTING.md names only files that exist", () => {
  for (const [, path = ""] of read("CONTRIBUTING.md").matchAll(
    /`((?:packages|test|examples|\.ci)\/[\w./-]+)`/g,
  )) {
    const found = ["", ".test.ts"].some((ending) => existsSync(join(root, path + ending)));
    expect(found, path).toBe(true);
  }
});

/** What links to a heading end in. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, "")
    .replaceAll(" ", "-");

it("links only to files and headings that exist", () => {
  for (const page of [...pages, "CHANGELOG.md", "packages/core/ERRORS.md"]) {
    for (const [, target = "", anchor] of read(page).matchAll(/\]\(([^)#:]*)(?:#([^)]*))?\)/g)) {
      const linked = target === "" ? page : join(page, "..", target);
      expect(existsSync(join(root, linked)), `${page} links to ${target}`).toBe(true);
      if (anchor === undefined) continue;
      const headings = [...read(linked).matchAll(/^#+ (.*)$/gm)].map(([, text = ""]) => text);
      expect(headings.map(anchorOf), `${page} links to ${linked}`).toContain(anchor);
    }
  }
});

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly dependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
}

const manifests = readdirSync(join(root, "packages")).map(
  (name) => JSON.parse(read(`packages/${name}/package.json`)) as Manifest,
);

describe("packages/stores/README.md", () => {
  const stores = {
    SQLite: sqliteStore,
    PostgreSQL: postgresStore,
    Redis: redisStore,
    Assignments: redisAssignments,
  };

  it.each(Object.entries({ ...stores, "Keys and values": keyValueStore }))(
    "lists every option under %s",
    (heading, make) => {
      let message = "";
      try {
        make({ "": true } as never);
      } catch (error) {
        message = String(error);
      }
      const [, names = ""] = /there are (.*)\./.exec(message) ?? [];
      const listed = tableBelow("packages/stores/README.md", heading).map(([name]) => name);
      expect(listed.toSorted()).toEqual(names.split(", ").toSorted());
    },
  );
});

describe("README.md", () => {
  it("lists every package", () => {
    const listed = tableBelow("README.md", "Packages").map(([name]) => name);
    expect(listed.toSorted()).toEqual(manifests.map(({ name }) => name).toSorted());
  });

  it("lists every runtime dependency", () => {
    const listed = tableBelow("README.md", "Dependencies").map(
      ([name, dependency]) => `${name} → ${dependency}`,
    );
    const actual = manifests.flatMap(({ name, dependencies, peerDependencies }) =>
      Object.keys({ ...dependencies, ...peerDependencies })
        .filter((dependency) => !dependency.startsWith("@halyard/"))
        .map((dependency) => `${name} → ${dependency}`),
    );
    expect(listed.toSorted()).toEqual(actual.toSorted());
  });

  it("lists every environment variable that is read", () => {
    const config = join(root, "packages/server/src/config");
    const sources = readdirSync(config)
      .filter((name) => !name.includes(".test."))
      .map((name) => readFileSync(join(config, name), "utf8"))
      .concat(read("packages/core/src/store/environment.ts"));
    const names = sources
      .join("\n")
      .matchAll(/\b(?:FEATURE_[A-Z_]+|NODE_ENV|DATABASE_URL|REDIS_URL)\b/g);
    const listed = tableBelow("packages/server/README.md", "Environment variables").map(
      ([name]) => name,
    );
    expect(listed.toSorted()).toEqual([...new Set([...names].map(([name]) => name))].toSorted());
  });

  it("lists every option", () => {
    const nameless = { "": true };
    let message = "";
    try {
      createFlags(nameless as never);
    } catch (error) {
      message = String(error);
    }
    const [, names = ""] = /Known are (.*)\./.exec(message) ?? [];
    const listed = tableBelow("packages/server/README.md", "Options").map(([name]) => name);
    expect(listed.toSorted()).toEqual(names.split(", ").toSorted());
  });

  it.each([
    ["Files", "sources/file-source-options.ts", /NAMES[^[]*\[([^\]]*)\]/],
    ["Guards", "guard/guard.ts", /interface GuardOptions[^{]*\{([^}]*)\}/],
    ["Telemetry", "telemetry/options.ts", /interface TelemetryOptions[^{]*\{([^}]*)\}/],
    ["Reviews", "review/options.ts", /interface ReviewOptions[^{]*\{([^}]*)\}/],
    ["Metrics", "telemetry/options.ts", /interface MetricsOptions[^{]*\{([^}]*)\}/],
    ["URL overrides", "edge/options.ts", /interface UrlOverrideOptions[^{]*\{([^}]*)\}/],
    ["Override tokens", "edge/options.ts", /interface OverrideTokenOptions[^{]*\{([^}]*)\}/],
    ["Analytics", "analytics/options.ts", /interface AnalyticsOptions[^{]*\{([^}]*)\}/],
  ])("lists everything under %s", (heading, file, where) => {
    const [, names = ""] = where.exec(read(`packages/server/src/${file}`)) ?? [];
    const known = [...names.matchAll(/^ *(?:"|readonly )(\w+)/gm)].map(([, name]) => name);
    const listed = tableBelow("packages/server/README.md", heading).map(([name]) => name);
    expect(listed.toSorted()).toEqual(known.toSorted());
  });
});

it.each([
  ["Standard output", ["stdout/exporter.ts"]],
  ["File", ["file/rotation.ts", "file/exporter.ts"]],
  ["HTTP", ["http/options.ts"]],
  ["Kafka", ["kafka/exporter.ts"]],
])("packages/exporters/README.md lists every option under %s", (heading, files) => {
  const known = files.flatMap((file) => {
    const source = read(`packages/exporters/src/${file}`);
    const [, names = ""] = /interface \w+Options[^{]*\{([^}]*)\}/.exec(source) ?? [];
    return [...names.matchAll(/^ *readonly (\w+)/gm)].map(([, name]) => name);
  });
  const listed = tableBelow("packages/exporters/README.md", heading).map(([name]) => name);
  expect(listed.toSorted()).toEqual(known.toSorted());
});
