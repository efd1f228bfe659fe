import { metricsEndpoint, type PrometheusExporter } from "@halyard/exporters/prometheus";
import { type Flags, flags, healthEndpoint, mount, requireFeature } from "@halyard/express";
import express, { type Express } from "express";
import { traceRequests } from "./spans.ts";

export function createApp(f: Flags, exporter: PrometheusExporter): Express {
  const app = express();
  // Where strangers can't ask, in an application.
  app.use("/metrics", mount(metricsEndpoint(exporter)));
  app.use("/flags/health", mount(healthEndpoint(f)));
  app.get("/flags/usage", (req, res) => {
    res.json(f.usage({ days: Number(req.query.days ?? 30) }));
  });

  app.use(traceRequests);
  // NOT AUTHENTICATION: it believes the address, `?user=ann`. Put yours here.
  app.use((req, _res, next) => {
    const { user } = req.query;
    if (typeof user === "string") Object.assign(req, { user: { id: user } });
    next();
  });
  app.use(flags(f));

  app.get("/search", (req, res) => {
    res.json({ search: req.flags.enabled("new-search") ? "new" : "classic" });
  });
  app.get("/checkout", (req, res) => {
    const checkout = req.flags.value("checkout", "classic");
    req.flags.track("checkout-opened", { checkout });
    res.json({ checkout });
  });
  app.get("/prices", (req, res) => {
    const currency = req.flags.enabled("euro-prices") ? "EUR" : "USD";
    res.set("cache-control", "public, max-age=60").json({ currency });
  });
  app.get("/banner", requireFeature("spring-banner"), (_req, res) => {
    res.json({ banner: "spring" });
  });
  app.get("/typo", (req, res) => {
    res.json({ on: req.flags.enabled("new-serach") });
  });
  return app;
}
