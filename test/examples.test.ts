import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

// Starts the examples as their readers do, each as a process of its own with a copy of its flags.

const root = fileURLToPath(new URL("..", import.meta.url));
const names = ["express", "koa", "fastify"] as const;

/** How long a change of the file may take to be seen. */
const RELOAD = { timeout: 2000, interval: 20 };
const START = { timeout: 15_000, interval: 20 };

class Example {
  readonly process: ChildProcess;
  readonly features: string;
  readonly folder: string = mkdtempSync(join(tmpdir(), "halyard-example-"));
  origin = "";
  output = "";

  constructor(
    name: string,
    command: readonly string[],
    cwd: string,
    variables: Readonly<Record<string, string>> = {},
  ) {
    this.features = join(this.folder, "features.yaml");
    copyFileSync(join(root, "examples", name, "features.yaml"), this.features);
    const [program = "", ...args] = command;
    this.process = spawn(program, args, {
      cwd,
      env: {
        ...process.env,
        PORT: "0",
        FEATURE_FILE_PATH: this.features,
        STORE_PATH: join(this.folder, "flags.db"),
        NO_COLOR: "1",
        ...variables,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
      });
    }
  }

  async started(): Promise<this> {
    await vi.waitFor(() => {
      const listening = /Listening on (http:\/\/localhost:\d+)\./.exec(this.output);
      if (!listening?.[1]) throw new Error(`It did not start:\n${this.output}`);
      this.origin = listening[1];
    }, START);
    return this;
  }

  async get(path: string) {
    const response = await fetch(this.origin + path, { redirect: "manual" });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
    return {
      status: response.status,
      body: isJson ? JSON.parse(text) : text,
      location: response.headers.get("location"),
    };
  }

  edit(change: (text: string) => string): void {
    const before = readFileSync(this.features, "utf8");
    const after = change(before);
    expect(after, "the edit finds what it changes").not.toBe(before);
    writeFileSync(this.features, after);
  }

  async stop(signal: NodeJS.Signals): Promise<number | null> {
    const { exitCode } = this.process;
    if (exitCode !== null) return exitCode;
    const exited = once(this.process, "exit");
    this.process.kill(signal);
    const [code] = (await exited) as [number | null];
    rmSync(this.folder, { recursive: true, force: true });
    return code;
  }
}

const start = ["node", "--conditions=@halyard/source", "--import", "tsx", "server.ts"];
const examples = new Map<string, Example>();

beforeAll(async () => {
  for (const name of names) {
    examples.set(name, new Example(name, start, join(root, "examples", name)));
  }
  await Promise.all([...examples.values()].map((example) => example.started()));
});

afterAll(() => Promise.all([...examples.values()].map((example) => example.stop("SIGKILL"))));

const disabled = (message = "This feature is not available.") => ({
  error: { code: "FEATURE_DISABLED", message },
});
const forbidden = disabled("This needs the plan pro or enterprise.");

/** What each address answers: its status, and its body or where it redirects to. */
const answers: readonly (readonly [path: string, status: number, body: unknown])[] = [
  ["/dashboard?user=alice", 200, { dashboard: "new" }],
  ["/dashboard?user=bob", 200, { dashboard: "classic" }],
  ["/dashboard?user=heidi", 200, { dashboard: "new" }],
  ["/dashboard?user=mallory", 200, { dashboard: "classic" }],
  ["/dashboard", 200, { dashboard: "classic" }],
  ["/checkout?user=bob", 200, { checkout: "classic" }],
  ["/checkout?user=carol", 200, { checkout: "one-page" }],
  ["/checkout?user=dave", 200, { checkout: "wizard" }],
  ["/checkout?user=dave&plan=enterprise", 200, { checkout: "classic" }],
  ["/checkout", 200, { checkout: "classic" }],
  ["/beta", 404, disabled()],
  ["/beta?user=bob&groups=staff", 404, disabled()],
  ["/beta?user=bob&groups=staff,beta_testers", 200, { page: "beta" }],
  ["/beta?user=bob&groups=internal", 200, { page: "beta" }],
  ["/premium?user=bob&plan=free", 403, forbidden],
  ["/premium", 403, forbidden],
  ["/premium?user=bob&plan=pro", 200, { page: "premium" }],
  ["/premium?user=bob&plan=enterprise", 200, { page: "premium" }],
  ["/new-ui?user=alice&country=NL", 200, { page: "new-ui" }],
  ["/new-ui?user=alice&country=US", 302, "/old-ui"],
  ["/new-ui?user=bob&country=NL", 302, "/old-ui"],
  ["/old-ui", 200, { page: "old-ui" }],
];

describe.each(names)("examples/%s", (name) => {
  const example = () => examples.get(name)!;

  it.each(answers)("%s answers %i", async (path, status, body) => {
    const answer = await example().get(path);
    expect({ status: answer.status, body: answer.location ?? answer.body }).toEqual({
      status,
      body,
    });
  });

  it("gives all flags of a caller at /", async () => {
    const { body } = await example().get("/?user=carol&plan=pro&country=NL&groups=internal");
    expect(body).toEqual({
      "dark-mode": true,
      "new-dashboard": false,
      beta: true,
      premium: true,
      checkout: "one-page",
      "new-ui": false,
      "winter-theme": true,
      "search-results": 100,
    });
  });

  it("explains a flag", async () => {
    const { body } = await example().get("/explain/checkout?user=carol");
    expect(body).toMatchObject({
      flagKey: "checkout",
      details: { variant: "one-page", reason: "SPLIT", inExperiment: true },
      steps: [
        { step: "rule", ruleId: "enterprise", outcome: "no match" },
        { step: "fallthrough", outcome: "served" },
      ],
    });
    expect((await example().get("/explain/nothing")).body.details.errorCode).toBe("FLAG_NOT_FOUND");
  });

  it("prints what was tracked", async () => {
    await example().get("/checkout?user=carol");
    await vi.waitFor(() => {
      expect(example().output).toContain("Tracked checkout-opened { page: 'one-page' } of carol");
    });
  });

  it("answers every address that it prints, as it says", async () => {
    const printed = [
      ...example().output.matchAll(/^ {2}(http:\/\/localhost:\d+)(\S+) {2,}(.+)$/gm),
    ];
    expect(printed.length).toBeGreaterThan(10);
    for (const [, origin, path = "", expectation = ""] of printed) {
      expect(origin).toBe(example().origin);
      const { status } = await example().get(path);
      const said = /^(\d{3})/.exec(expectation)?.[1];
      expect([path, status]).toEqual([
        path,
        Number(said ?? (/redirected/.test(expectation) ? 302 : 200)),
      ]);
    }
  });
});

describe("examples/express, changed over HTTP", () => {
  const create = (example: Example, headers: Readonly<Record<string, string>> = {}) =>
    fetch(`${example.origin}/admin/flags/flags`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ key: "made-here", definition: { enabled: true } }),
    });

  it("lets this machine change flags, and says so loudly", async () => {
    const example = examples.get("express")!;
    expect(example.output).toContain("*** DEVELOPMENT ONLY: whoever can reach");
    expect(example.output).toContain("*** DEVELOPMENT ONLY: OVERRIDE_TOKEN_SECRET is not set.");
    expect((await create(example, { "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await create(example)).status).toBe(201);
    const path = "/admin/flags/flags/made-here";
    expect((await example.get(path)).body.writable).toBe(true);
    expect((await example.get("/?user=alice")).body["made-here"]).toBe(true);
    const headers = { "if-match": "*" };
    const gone = await fetch(example.origin + path, { method: "DELETE", headers });
    expect(gone.status).toBe(204);
  });

  it("lets nobody in production", async () => {
    const production = new Example("express", start, join(root, "examples", "express"), {
      NODE_ENV: "production",
    });
    try {
      await production.started();
      expect(production.output).toContain("refuses everybody");
      expect(production.output).toContain("There are no override tokens");
      expect((await create(production)).status).toBe(403);
      expect((await production.get("/admin/flags/flags")).status).toBe(403);
    } finally {
      await production.stop("SIGKILL");
    }
  });
});

describe.each(names)("examples/%s, edited while it runs", (name) => {
  const example = () => examples.get(name)!;

  it("serves the change without a restart, and prints it", async () => {
    expect((await example().get("/beta?user=bob")).status).toBe(404);
    example().edit((text) => text.replace("[beta_testers, internal]", "[beta_testers, everybody]"));
    await vi.waitFor(async () => {
      expect((await example().get("/beta?user=bob&groups=everybody")).status).toBe(200);
    }, RELOAD);
    expect(example().output).toMatch(/Reloaded .*features\.yaml: beta changed, 8 flags loaded\./);
  });

  it("refuses a broken edit, says where, and goes on as before", async () => {
    const before = await example().get("/?user=carol&plan=pro");
    example().edit((text) => text.replace("percentage: 25", "percentage: 250"));
    const lines = readFileSync(example().features, "utf8").split("\n");
    const line = lines.findIndex((text) => text.includes("percentage: 250")) + 1;
    await vi.waitFor(() => {
      for (const said of [
        `features.yaml:${line}`,
        "must be a number from 0 to 100, not 250",
        "Mend the file and save it",
      ]) {
        expect(example().output).toContain(said);
      }
    }, RELOAD);
    expect((await example().get("/?user=carol&plan=pro")).body).toEqual(before.body);
    expect((await example().get("/flags/health")).body.status).toBe("degraded");
    expect((await example().get("/explain/beta")).body.details.reason).toBe("STALE");

    example().edit((text) => text.replace("percentage: 250", "percentage: 100"));
    await vi.waitFor(async () => {
      expect((await example().get("/dashboard?user=bob")).body).toEqual({ dashboard: "new" });
    }, RELOAD);
    expect((await example().get("/flags/health")).body.status).toBe("healthy");
  });

  it("reports text that is no YAML with its line", async () => {
    example().edit((text) => text.replace("  dark-mode: true", "  dark-mode: true: false"));
    const lines = readFileSync(example().features, "utf8").split("\n");
    const line = lines.indexOf("  dark-mode: true: false") + 1;
    await vi.waitFor(() => {
      expect(example().output).toContain(`features.yaml:${line}:`);
    }, RELOAD);
    expect((await example().get("/?user=alice")).body["dark-mode"]).toBe(true);
    expect((await example().get("/flags/health")).body.status).toBe("degraded");
  });
});

it.each([
  ["express", "SIGINT"],
  ["koa", "SIGTERM"],
  ["fastify", "SIGINT"],
] as const)("examples/%s stops cleanly on %s", async (name, signal) => {
  expect(await examples.get(name)!.stop(signal)).toBe(0);
});

it("has the same flags in every example", () => {
  const texts = names.map((name) =>
    readFileSync(join(root, "examples", name, "features.yaml"), "utf8"),
  );
  expect(new Set(texts).size).toBe(1);
});

it("starts with npm start", async () => {
  const example = new Example("express", ["npm", "start"], root);
  try {
    await example.started();
    expect((await example.get("/dashboard?user=alice")).body).toEqual({ dashboard: "new" });
    expect(example.output).toContain(`${example.origin}/checkout?user=bob`);
  } finally {
    await example.stop("SIGTERM");
  }
  // npm passes the signal to its shell only; the server notices and stops by itself.
  await vi.waitFor(() => expect(fetch(example.origin)).rejects.toThrow(), { timeout: 5000 });
}, 30_000);
