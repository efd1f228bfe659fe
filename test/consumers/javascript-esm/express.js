import {
  byVariant,
  createFlags,
  fileSource,
  flags,
  healthEndpoint,
  mount,
  requireFeature,
} from "@halyard/express";
import express from "express";
import { userOf } from "./shared/user-of.cjs";

export async function start(file) {
  const f = createFlags({ sources: [fileSource({ paths: file, debounce: 20 })] });
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
  app.get(
    "/checkout",
    byVariant("checkout", { wizard: (_req, res) => res.json({ checkout: "wizard" }) }, (req, res) =>
      res.json({ checkout: req.flags.value("checkout") }),
    ),
  );
  app.use("/health", mount(healthEndpoint(f)));
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await f.close();
    },
  };
}
