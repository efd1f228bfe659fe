import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { expect } from "vitest";
import type { Answer } from "./client.ts";

interface Described {
  readonly operationId: string;
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly content?: Readonly<Record<string, { readonly schema: object }>>;
        readonly headers?: Readonly<Record<string, { readonly required: boolean }>>;
      }
    >
  >;
}

export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
}

const escaped = (segment: string): string => segment.replaceAll("~", "~0").replaceAll("/", "~1");

/** Holds answers against the OpenAPI document of the API that gave them. */
export class AnswerCheck {
  /** Operations that were done, by their ids. */
  readonly done: Set<string> = new Set();
  readonly #document: Document;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #validators = new Map<string, ValidateFunction>();

  constructor(document: Document) {
    this.#document = document;
    this.#ajv.addFormat("date-time", (text) => /^\d{4}-\d\d-\d\dT.*Z$/.test(text));
    this.#ajv.addSchema(document as object, "api");
  }

  get operations(): readonly string[] {
    return Object.values(this.#document.paths).flatMap((path) =>
      Object.values(path).map(({ operationId }) => operationId),
    );
  }

  check(method: string, path: string, answer: Answer): void {
    const name = `${method} ${path} → ${answer.status}`;
    expect(answer.headers["x-request-id"], name).toMatch(/^[\w.:/+=@-]{1,128}$/);
    expect(answer.headers["cache-control"], name).toContain("no-store");
    const [pathName = "", template] = this.#find(path) ?? [];
    const described = template?.[method === "HEAD" ? "get" : method.toLowerCase()];
    const own = described?.responses[answer.status];
    if (described !== undefined && own !== undefined) this.done.add(described.operationId);
    if (described === undefined && answer.status === 204) return;
    const [type = "application/problem+json"] = Object.keys(own?.content ?? {});
    for (const [header, { required }] of Object.entries(own?.headers ?? {})) {
      if (required) expect(answer.headers[header.toLowerCase()], `${name}: ${header}`).toBeTruthy();
    }
    if (own !== undefined && own.content === undefined) {
      expect(answer.text, name).toBe("");
      return;
    }
    expect(answer.headers["content-type"], name).toBe(`${type}; charset=utf-8`);
    if (method === "HEAD") return;
    const pointer =
      own === undefined
        ? "api#/components/schemas/Problem"
        : `api#/paths/${escaped(pathName)}/${method.toLowerCase()}/responses/${answer.status}/content/${escaped(type)}/schema`;
    const validate = this.#validator(pointer);
    expect(validate(answer.body) ? [] : validate.errors, `${name}: ${answer.text}`).toEqual([]);
    if (own === undefined) expect(answer.body, name).toMatchObject({ status: answer.status });
  }

  #find(path: string) {
    const [bare = ""] = path.split("?");
    const segments = bare.split("/");
    return Object.entries(this.#document.paths).find(([template]) => {
      const names = template.split("/");
      return (
        names.length === segments.length &&
        names.every((name, index) => name.startsWith("{") || name === segments[index])
      );
    });
  }

  #validator(pointer: string): ValidateFunction {
    const known = this.#validators.get(pointer);
    if (known !== undefined) return known;
    const made = this.#ajv.compile({ $ref: pointer.replaceAll("{", "%7B").replaceAll("}", "%7D") });
    this.#validators.set(pointer, made);
    return made;
  }
}
