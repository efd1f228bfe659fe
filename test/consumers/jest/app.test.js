const { join } = require("node:path");
const { createFlags, fileSource } = require("@halyard/express");
const request = require("supertest");
const { createApp } = require("./app.js");

const file = join(__dirname, "shared/features.yaml");
let f;

afterEach(() => f.close());

describe("with flags of the test", () => {
  test.each([
    [true, 200],
    [false, 404],
  ])("beta: %s", async (beta, status) => {
    f = createFlags({ sources: [], overrides: { beta } });
    await request(createApp(f)).get("/beta").expect(status);
  });
});

describe("with the application's own flags", () => {
  beforeEach(() => {
    f = createFlags({ sources: [fileSource({ paths: file })] });
  });

  test("it greets", async () => {
    await request(createApp(f)).get("/").expect(200, { greeting: true });
  });

  test("testers see the beta", async () => {
    const tester = JSON.stringify({ id: "tess", groups: ["beta_testers"] });
    await request(createApp(f)).get("/beta").set("x-user", tester).expect(200, { page: "beta" });
    await request(createApp(f)).get("/beta").expect(404);
  });

  test("wendy has the wizard", async () => {
    const wendy = JSON.stringify({ id: "wendy" });
    await request(createApp(f)).get("/checkout").set("x-user", wendy).expect(200, '"wizard"');
    await request(createApp(f)).get("/checkout").expect(404);
  });

  test("it is healthy", async () => {
    const { body } = await request(createApp(f)).get("/health").expect(200);
    expect(body.status).toBe("healthy");
  });
});
