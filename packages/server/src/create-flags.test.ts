import { defineFlags, type Logger, MemoryStore } from "@halyard/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ended, startProgram } from "../../../test/support/program.ts";
import { createFlags, type Flags } from "./create-flags.ts";
import type { EvaluationEvent, FlagsOptions, TrackEvent } from "./instance/options.ts";

const definitions = defineFlags({ beta: true, layout: "wide" });

const opened: Flags[] = [];
let warned: { message: string; code: string | undefined }[];

beforeEach(() => {
  warned = [];
  vi.spyOn(process, "emitWarning").mockImplementation((message, options) => {
    const { code } = options as { code?: string };
    warned.push({ message: String(message), code });
  });
});

afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await Promise.all(opened.splice(0).map((flags) => flags.close()));
});

function make(options: FlagsOptions = {}): Flags {
  const flags = createFlags({ sources: [definitions], environment: "test", ...options });
  opened.push(flags);
  return flags;
}

function logger() {
  const lines: string[] = [];
  const log = (level: string) =>
    function (this: unknown, message: string) {
      // Loggers such as console and pino are called as methods.
      if (this !== made) throw new TypeError("not called as a method");
      lines.push(`${level} ${message}`);
    };
  const made: Logger = {
    debug: log("debug"),
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
  };
  return { made, lines };
}

describe("hooks", () => {
  it("hear of every read, by the key that was asked for", () => {
    const events: EvaluationEvent[] = [];
    const flags = make({ hooks: { onEvaluation: (event) => void events.push(event) } });
    const client = flags.client();
    client.enabled("beta");
    client.value(" layout ");
    client.enabled("layout");
    client.enabled("missing", true);
    expect(
      events.map(({ details, requestedKey }) => [
        requestedKey,
        details.flagKey,
        details.value,
        details.errorCode,
      ]),
    ).toEqual([
      ["beta", "beta", true, undefined],
      [" layout ", "layout", "wide", undefined],
      ["layout", "layout", false, "TYPE_MISMATCH"],
      ["missing", "missing", true, "FLAG_NOT_FOUND"],
    ]);
  });

  it("hear of overrides of flags that have no definition", () => {
    const events: EvaluationEvent[] = [];
    const hooks = { onEvaluation: (event: EvaluationEvent) => void events.push(event) };
    const client = make({ hooks, overrides: { unknown: true } }).client();
    client.enabled("unknown");
    client.value("unknown");
    client.details(" unknown ");
    client.string("unknown", "none");
    expect(
      events.map(({ details, requestedKey }) => [
        requestedKey,
        details.flagKey,
        details.cause,
        details.errorCode,
      ]),
    ).toEqual([
      ["unknown", "unknown", "OVERRIDE", undefined],
      ["unknown", "unknown", "OVERRIDE", undefined],
      [" unknown ", "unknown", "OVERRIDE", undefined],
      ["unknown", "unknown", "ERROR", "TYPE_MISMATCH"],
    ]);
  });

  it("hear what is tracked", () => {
    const events: TrackEvent[] = [];
    const client = make({ hooks: { onTrack: (event) => void events.push(event) } }).client();
    client.track("bought", { price: 7 });
    expect(events).toEqual([{ event: "bought", data: { price: 7 }, client }]);
  });

  it.each<[string, () => unknown]>([
    [
      "throw",
      () => {
        throw new Error("hook failed");
      },
    ],
    ["reject", async () => Promise.reject(new Error("hook failed"))],
  ])("that %s are logged, and break nothing", async (_name, fail) => {
    const { made, lines } = logger();
    const hook = fail as () => void;
    const hooks = { onEvaluation: hook, onReload: hook, onChange: hook, onTrack: hook };
    const flags = make({
      sources: [new MemoryStore({ flags: { beta: true } })],
      hooks,
      logger: made,
    });
    expect(flags.client().enabled("beta")).toBe(true);
    flags.client().track("bought");
    await flags.definitions.put("beta", false);
    await flags.overrides.kill("beta", { actor: { id: "a", type: "b" }, reason: "c" });
    expect(flags.client().enabled("beta")).toBe(false);
    for (const name of ["onEvaluation", "onTrack", "onReload", "onChange"]) {
      expect(lines).toContainEqual(expect.stringMatching(`^error .*${name}.*hook failed`));
    }
  });
});

describe("what goes wrong", () => {
  const shadowing: FlagsOptions = {
    sources: [definitions, defineFlags({ beta: false })],
  };

  it("goes to the logger, where there is one", () => {
    const { made, lines } = logger();
    make({ ...shadowing, logger: made });
    expect(lines).toEqual([expect.stringMatching(/^warn .*beta/)]);
    expect(warned).toEqual([]);
  });

  it("goes to the process's warnings otherwise", () => {
    make(shadowing);
    expect(warned).toEqual([{ message: expect.stringContaining("beta"), code: undefined }]);
  });

  it("is silent about what goes well", async () => {
    const flags = make({ sources: [new MemoryStore()] });
    await flags.definitions.put("beta", true);
    expect(warned).toEqual([]);
  });

  it("more than ten open instances are warned of, with a code; closing them helps", async () => {
    const many = Array.from({ length: 10 }, () => make());
    expect(warned.filter(({ code }) => code === "HALYARD_MANY_INSTANCES")).toEqual([]);
    many.push(make());
    expect(warned.map(({ code }) => code)).toEqual(["HALYARD_MANY_INSTANCES"]);
    await Promise.all(many.map((flags) => flags.close()));
    await Promise.all(many.map((flags) => flags.close()));
    warned = [];
    make();
    expect(warned).toEqual([]);
  });

  it("an instance that could not be made is not counted", () => {
    for (let count = 0; count < 20; count++) {
      expect(() => make({ sources: [{ flags: { beta: { rulez: 1 } } } as never] })).toThrow();
    }
    make();
    expect(warned).toEqual([]);
  });
});

describe("options", () => {
  it.each([null, 7, "features.yaml"])("can't be %j", (options) => {
    expect(() => createFlags(options as never)).toThrow(
      expect.objectContaining({ code: "INVALID_OPTIONS" }),
    );
  });

  it("win over the environment", () => {
    vi.stubEnv("FEATURE_ENVIRONMENT", "staging");
    vi.stubEnv("FEATURE_DEFAULT_ENABLED", "true");
    expect(make().environment).toBe("test");
    const { FEATURE_ENVIRONMENT: _, ...unset } = { FEATURE_ENVIRONMENT: undefined };
    const fromEnvironment = createFlags({ sources: [definitions], ...unset });
    opened.push(fromEnvironment);
    expect(fromEnvironment.environment).toBe("staging");
    expect(fromEnvironment.client().enabled("missing")).toBe(true);
    expect(make({ defaultEnabled: false }).client().enabled("missing")).toBe(false);
  });

  it("a bad variable is an error at start that names it", () => {
    vi.stubEnv("FEATURE_DEFAULT_ENABLED", "sometimes");
    expect(() => make()).toThrow(expect.objectContaining({ code: "INVALID_ENVIRONMENT" }));
    expect(() => make()).toThrow("FEATURE_DEFAULT_ENABLED");
  });

  it("without sources, FEATURE_PROVIDER=memory has no flags and no warning", () => {
    vi.stubEnv("FEATURE_PROVIDER", "memory");
    const flags = createFlags();
    opened.push(flags);
    expect(flags.health()).toMatchObject({ status: "healthy", flags_loaded: 0 });
    expect(warned).toEqual([]);
  });

  it("without sources, variables or a file, the lack of flags is told", () => {
    const flags = createFlags();
    opened.push(flags);
    expect(warned.map(({ code }) => code)).toEqual(["HALYARD_NO_DEFINITIONS"]);
  });
});

describe("a process", () => {
  /** Runs a program that has an instance; it must end by itself. */
  async function run(program: string): Promise<string> {
    const text = `import { createFlags } from "@halyard/server";\n${program}`;
    const { code, stdout, stderr } = await ended(await startProgram(text));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout.trim();
  }

  const never = `{
    name: "never",
    read: () => new Promise(() => {}),
    watch: () => { const timer = setInterval(() => {}, 1000); return () => clearInterval(timer); },
  }`;

  it("ends once its instance is closed, also while it starts", async () => {
    const program = `const flags = createFlags({ sources: [${never}], startTimeout: 600_000 });
      await flags.close();
      console.log(process.getActiveResourcesInfo().filter((name) => name === "Timeout").length);`;
    expect(await run(program)).toBe("0");
  }, 30_000);

  it("is not kept alive by an instance that waits for its start", async () => {
    const program = `createFlags({
        sources: [{ name: "never", read: () => new Promise(() => {}) }], startTimeout: 600_000,
      });
      console.log("made");`;
    expect(await run(program)).toBe("made");
  }, 30_000);
});

it("reads of unknown flags count as failed, however plain they are", () => {
  const flags = make();
  flags.client().enabled("beta");
  flags.client().enabled("missing");
  flags.client().value("missing");
  expect(flags.health().evaluation_stats).toMatchObject({
    total_evaluations: 3,
    error_rate: 2 / 3,
  });
});
