import { createServer } from "node:http";
import { flags, healthEndpoint, mount, requireFeature } from "@halyard/express";
import express from "express";
import { closeServer, echo, listen, type StartApp, slowStateOf, stateOf, userOf } from "./app.ts";

export const startExpress: StartApp = async (f) => {
  const app = express();
  app.use((request, _response, next) => {
    Object.assign(request, { user: userOf(request.headers) });
    next();
  });
  app.use(flags(f));
  app.get("/state", (request, response) => void response.json(stateOf(request.flags)));
  app.get("/slow", async (request, response) => {
    response.json(await slowStateOf(request.flags));
  });
  app.get("/guarded", requireFeature("pro"), (request, response) => {
    response.json(stateOf(request.flags));
  });
  app.use("/health", mount(healthEndpoint(f)));
  app.use("/echo", mount(echo));
  const server = createServer(app);
  await listen(server);
  return { server, close: () => closeServer(server) };
};
