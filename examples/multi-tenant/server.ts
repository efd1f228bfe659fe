import { createFlags, flags, healthEndpoint, mount, requireFeature } from "@halyard/express";
import express from "express";
import { definitions } from "./definitions.ts";
import { openStore } from "./store.ts";

const f = createFlags({ sources: [definitions], store: openStore(), logger: console });
const app = express();

// NOT AUTHENTICATION: it believes the address, `?user=ann&tenant=acme`. Put yours here.
app.use((req, _res, next) => {
  const { user, tenant } = req.query;
  if (typeof user === "string") Object.assign(req, { user: { id: user, tenantId: tenant } });
  next();
});
// After authentication: the caller's overrides and groups are loaded here.
app.use(flags(f));

app.get("/", (req, res) => {
  res.json(req.flags.all());
});
app.get("/billing", requireFeature("new-billing"), (_req, res) => {
  res.json({ billing: "new" });
});
app.get("/explain/:key", (req, res) => {
  res.json(req.flags.explain(req.params.key));
});
app.use("/health", mount(healthEndpoint(f)));

await f.ready();
const server = app.listen(Number(process.env.PORT ?? 3000), (error) => {
  if (error) throw error;
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  console.log(`Process ${process.pid} listens on http://localhost:${port}`);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    server.close();
    setTimeout(() => server.closeAllConnections(), 1000).unref();
    await f.close();
  });
}
