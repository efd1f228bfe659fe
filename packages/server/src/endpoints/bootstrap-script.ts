import { type FlagClient, HalyardError } from "@halyard/core";
import { checkFields, type FieldRule } from "../check-fields.ts";
import { clientValues } from "./features.ts";

export interface BootstrapOptions {
  /** Of the page's content security policy: letters, digits, `+`, `/`, `-`, `_`, then `=`. */
  readonly nonce?: string | undefined;
  /** Property of `window` that gets the values. Default `__FLAGS__`. */
  readonly variable?: string | undefined;
}

const NONCE: FieldRule = {
  expected: "a nonce as content security policies have it: base64",
  accepts: (value) => typeof value === "string" && /^[A-Za-z0-9+/_-]{1,500}={0,2}$/.test(value),
};

const VARIABLE: FieldRule = {
  expected: "a name such as __FLAGS__: letters, digits, _ and $",
  accepts: (value) =>
    typeof value === "string" && /^[A-Za-z_$][\w$]{0,99}$/.test(value) && value !== "__proto__",
};

/**
 * A `<script>` that gives a page the values which `featuresEndpoint` would answer, without asking:
 * `bootstrapScript(req.flags, { nonce })` makes `window.__FLAGS__`. Whatever the values are, they
 * can't end the script or begin another. Such a page is its caller's alone: `Cache-Control:
 * private`. Throws `INVALID_OPTIONS`.
 */
export function bootstrapScript(client: FlagClient, options: BootstrapOptions = {}): string {
  if (typeof (client as FlagClient | null | undefined)?.all !== "function") {
    throw new HalyardError(
      "INVALID_OPTIONS",
      "bootstrapScript takes a request's flags: bootstrapScript(req.flags, { nonce })",
    );
  }
  checkFields<BootstrapOptions>("", options, { nonce: NONCE, variable: VARIABLE });
  const { nonce, variable = "__FLAGS__" } = options;
  const attribute = nonce === undefined ? "" : ` nonce="${nonce}"`;
  // As a text that is parsed: in a literal, `__proto__` would be no name like others.
  const literal = JSON.stringify(JSON.stringify(clientValues(client)));
  return `<script${attribute}>window.${variable}=JSON.parse(${inHtml(literal)})</script>`;
}

/** A literal of JavaScript that has nothing in it which HTML, XML or older engines see as theirs. */
function inHtml(literal: string): string {
  return literal.replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
