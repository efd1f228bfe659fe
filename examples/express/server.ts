import express from "express";

const app = express();

app.get("/", (_request, response) => {
  response.json({ hello: "world" });
});

const server = app.listen(Number(process.env.PORT ?? 3000), () => {
  const address = server.address();
  if (address && typeof address === "object") {
    console.log(`Listening on http://localhost:${address.port}`);
  }
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    server.close();
    server.closeAllConnections();
  });
}
