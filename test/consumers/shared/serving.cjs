// What every server here has to do, whichever framework and format of modules it is written in.
const assert = require("node:assert/strict");
const { copyFileSync, mkdtempSync, rmSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { describe, it, before, after } = require("node:test");

/** Waits for a condition, not for a time. */
async function until(condition) {
  const end = performance.now() + 10_000;
  while (!(await condition())) {
    assert.ok(performance.now() < end, `waited in vain until ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A copy of the flags in a folder of its own. */
function copyOfFeatures() {
  const folder = mkdtempSync(join(tmpdir(), "halyard-features-"));
  const file = join(folder, "features.yaml");
  copyFileSync(join(__dirname, "features.yaml"), file);
  return { file, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Flags of more than a megabyte: these are read in a thread. */
function manyFlags(greeting) {
  const line = (index) => `  filler-${index}: { percentage: 10, description: to make it large }\n`;
  const lines = Array.from({ length: 20_000 }, (_, index) => line(index));
  return `flags:\n  greeting: ${greeting}\n${lines.join("")}`;
}

/** `start` makes a server that reads `file`: `{ origin, close }`. */
function serves(name, start) {
  describe(name, () => {
    const features = copyOfFeatures();
    const threads = [];
    const warnings = [];
    let server;

    const get = async (path, user) => {
      const headers = user ? { "x-user": JSON.stringify(user) } : {};
      const response = await fetch(server.origin + path, { headers });
      return [response.status, await response.json()];
    };

    before(async () => {
      process.on("worker", (worker) => threads.push(worker));
      process.on("warning", (warning) => {
        if (warning.code?.startsWith("HALYARD_")) warnings.push(warning);
      });
      server = await start(features.file);
    });

    after(async () => {
      await server?.close();
      features.remove();
    });

    it("reads flags", async () => {
      assert.deepEqual(await get("/"), [200, { greeting: true }]);
    });

    it("guards routes", async () => {
      const tester = { id: "tess", groups: ["beta_testers"] };
      assert.deepEqual(await get("/beta", tester), [200, { page: "beta" }]);
      const [status, body] = await get("/beta", { id: "bob" });
      assert.equal(status, 404);
      assert.equal(body.error.code, "FEATURE_DISABLED");
    });

    it("chooses by variant", async () => {
      assert.deepEqual(await get("/checkout", { id: "bob" }), [200, { checkout: "three-pages" }]);
      assert.deepEqual(await get("/checkout", { id: "wendy" }), [200, { checkout: "wizard" }]);
    });

    it("tells its health", async () => {
      const [status, { status: health }] = await get("/health");
      assert.deepEqual([status, health], [200, "healthy"]);
    });

    it("follows the file, in a thread when it is large", async () => {
      writeFileSync(features.file, "flags:\n  greeting: false\n");
      await until(async () => (await get("/"))[1].greeting === false);
      assert.equal(threads.length, 0);
      writeFileSync(features.file, manyFlags(true));
      await until(async () => (await get("/"))[1].greeting === true);
      assert.ok(threads.length > 0);
      assert.deepEqual(warnings, []);
    });
  });
}

exports.serves = serves;
exports.until = until;
