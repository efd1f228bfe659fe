const { byVariant, flags, healthEndpoint, mount, requireFeature } = require("@halyard/express");
const express = require("express");
const { userOf } = require("./shared/user-of.cjs");

exports.createApp = (f) => {
  const app = express();
  app.use((req, _res, next) => {
    req.user = userOf(req.headers);
    next();
  });
  app.use(flags(f));
  app.get("/", (req, res) => {
    res.json({ greeting: req.flags.enabled("greeting") });
  });
  app.get("/beta", requireFeature("beta"), (_req, res) => {
    res.json({ page: "beta" });
  });
  app.get("/checkout", byVariant("checkout", { wizard: (_req, res) => res.json("wizard") }));
  app.use("/health", mount(healthEndpoint(f)));
  return app;
};
