import { randomBytes } from "node:crypto";
import {
  bootstrapScript,
  byVariant,
  type Flags,
  featuresEndpoint,
  flags,
  healthEndpoint,
  managementApi,
  mount,
  requireFeature,
} from "@halyard/express";
import express, { type Express, type RequestHandler } from "express";
import { pretendUser } from "../shared/pretend-user.ts";
import { developmentAuthorize } from "./development-authorize.ts";

export function createApp(f: Flags): Express {
  const app = express();

  // Put your authentication here. This one believes the address.
  app.use((req, _res, next) => {
    Object.assign(req, { user: pretendUser(req.query) });
    next();
  });
  // From here on `req.flags` has the caller's flags.
  app.use(flags(f));

  app.get("/", (req, res) => {
    res.json(req.flags.all());
  });

  app.get("/dashboard", (req, res) => {
    res.json({ dashboard: req.flags.enabled("new-dashboard") ? "new" : "classic" });
  });

  app.get(
    "/checkout",
    byVariant("checkout", {
      classic: checkout("classic"),
      "one-page": checkout("one-page"),
      wizard: checkout("wizard"),
    }),
  );

  app.get("/beta", requireFeature("beta"), (_req, res) => {
    res.json({ page: "beta" });
  });

  const premium = { status: 403, message: "This needs the plan pro or enterprise." };
  app.get("/premium", requireFeature("premium", premium), (_req, res) => {
    res.json({ page: "premium" });
  });

  app.get("/new-ui", requireFeature("new-ui", { redirect: "/old-ui" }), (_req, res) => {
    res.json({ page: "new-ui" });
  });

  app.get("/old-ui", (_req, res) => {
    res.json({ page: "old-ui" });
  });

  // For a person who asks why. Put it behind your own access checks.
  app.get("/explain/:key", (req, res) => {
    res.json(req.flags.explain(req.params.key));
  });

  // For browsers: only flags that say `client: true`. Asked for, or in the page from the start.
  app.use("/features", mount(featuresEndpoint(f)));
  app.get("/page", (req, res) => {
    const nonce = randomBytes(16).toString("base64");
    res.set("Content-Security-Policy", `script-src 'nonce-${nonce}'`);
    res.set("Cache-Control", "private, no-store");
    res.send(`<!doctype html>
<title>Flags in a page</title>
${bootstrapScript(req.flags, { nonce })}
<pre></pre>
<script nonce="${nonce}">
  document.querySelector("pre").textContent = JSON.stringify(window.__FLAGS__, null, 2);
</script>`);
  });

  app.use("/flags/health", mount(healthEndpoint(f)));
  // Flags that are changed here are in the store; those of the file stay in the file.
  app.use("/admin/flags", mount(managementApi(f, { authorize: developmentAuthorize() })));
  return app;
}

function checkout(page: string): RequestHandler {
  return (req, res) => {
    // What an experiment counts. The hook `onTrack` gets it.
    req.flags.track("checkout-opened", { page });
    res.json({ checkout: page });
  };
}
