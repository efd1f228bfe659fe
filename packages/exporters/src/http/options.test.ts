import type { AnalyticsExporter } from "@halyard/core";
import { describe, expect, it } from "vitest";
import { type HttpExporterOptions, httpExporter } from "../http.ts";

describe("options", () => {
  const good: HttpExporterOptions = { url: "http://127.0.0.1:1/" };
  const make = (options: unknown): AnalyticsExporter => httpExporter(options as never);

  it.each([
    [undefined, "url"],
    [{}, "url"],
    [{ url: "ftp://host/" }, "url"],
    [{ url: "host" }, "url"],
    [{ ...good, timeout: 0 }, "timeout"],
    [{ ...good, maxAttempts: 0 }, "maxAttempts"],
    [{ ...good, retryDelay: 0 }, "retryDelay"],
    [{ ...good, maxRetryDelay: "1m" }, "maxRetryDelay"],
    [{ ...good, gzip: 1 }, "gzip"],
    [{ ...good, deadLetters: "x" }, "deadLetters"],
    [{ ...good, deadLetters: {} }, "path"],
    [{ ...good, deadLetters: { path: "x", size: 1 } }, "size"],
    [{ ...good, headers: "x" }, "headers"],
    [{ ...good, headers: { "a b": "x" } }, "headers"],
    [{ ...good, headers: { a: "x\ny" } }, "headers"],
    [{ ...good, headers: { "Webhook-Id": "x" } }, "Webhook-Id"],
    [{ ...good, headers: { host: "x" } }, "host"],
    [{ ...good, retries: 1 }, "retries"],
  ])("%j is refused, and the message says what", (options, named) => {
    expect(() => make(options)).toThrow(
      expect.objectContaining({ code: "INVALID_OPTIONS", message: expect.stringContaining(named) }),
    );
  });

  it.each([
    { ...good, secret: "s3cret" },
    { ...good, secret: "whsec_c2hvcnQ=" },
    { ...good, secret: ["whsec_", "s3cret"] },
    { ...good, secret: "whsec_s3cret s3cret s3cret s3cret s3cret" },
    { url: "htps://user:s3cret@host/" },
    { ...good, headers: { authorization: "s3cret\r\nx: y" } },
  ])("a secret that is wrong is not repeated", (options) => {
    expect(() => make(options)).toThrow(expect.objectContaining({ code: "INVALID_OPTIONS" }));
    expect(() => make(options)).not.toThrow(/s3cret|c2hvcnQ/);
  });
});
