import {
  byVariant,
  createFlags,
  defineFlags,
  fileSource,
  flags,
  healthEndpoint,
  mount,
  requireFeature,
} from "@halyard/express";
import express from "express";
import { userOf } from "./shared/user-of.cjs";

const definitions = defineFlags({
  greeting: true,
  beta: { conditions: { groups: ["beta_testers"] } },
  checkout: { variants: { classic: "three-pages", wizard: "step-by-step" } },
  limit: { type: "integer", default: 5 },
});

declare module "@halyard/express" {
  interface Register {
    flags: typeof definitions;
  }
}

interface Server {
  readonly origin: string;
  readonly close: () => Promise<void>;
}

export async function start(file: string): Promise<Server> {
  const f = createFlags({ sources: [fileSource({ paths: file, debounce: 20 }), definitions] });
  const app = express();
  app.use((req, _res, next) => {
    Object.assign(req, { user: userOf(req.headers) });
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
  const address = server.address();
  return {
    origin: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await f.close();
    },
  };
}

export const typed: express.RequestHandler = ({ flags: client }, res) => {
  const on: boolean = client.enabled("greeting");
  const limit: number = client.value("limit", 10);
  const checkout: "three-pages" | "step-by-step" = client.value("checkout", "three-pages");
  // @ts-expect-error: there is no such flag
  client.enabled("greting");
  // @ts-expect-error: not a value of this flag
  client.value("checkout", "two-pages");
  // @ts-expect-error: of another type
  client.value("limit", "ten");
  // @ts-expect-error: its value is no string
  const text: string = client.value("limit", 10);
  res.json({ on, limit, checkout, text });
};

/** Options and handlers may be given as undefined, by those whose TypeScript tells it apart. */
export function optional(name: string | undefined): void {
  flags({ sources: [definitions], environment: name, context: ({ ip }) => ({ ip }) });
  requireFeature("beta", { message: name, status: undefined });
  // @ts-expect-error: guards know the flags
  requireFeature("betta");
  // @ts-expect-error: and choices do
  byVariant("chekcout", {});
}
