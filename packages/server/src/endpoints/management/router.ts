import type { Operation } from "./operation.ts";
import { RequestProblem } from "./problem.ts";

interface Route {
  readonly segments: readonly string[];
  readonly operations: Map<string, Operation>;
}

/** What is at a path, whatever the method. */
export interface Found {
  readonly params: Readonly<Record<string, string>>;
  readonly operations: ReadonlyMap<string, Operation>;
  /** For `Allow`. */
  readonly methods: readonly string[];
}

/** Finds operations by path. There are few enough to look at each. */
export class Router {
  readonly #routes: readonly Route[];

  constructor(operations: readonly Operation[]) {
    const routes = new Map<string, Route>();
    for (const operation of operations) {
      const { path, method } = operation;
      const route = routes.get(path) ?? { segments: segmentsOf(path), operations: new Map() };
      routes.set(path, route);
      route.operations.set(method, operation);
    }
    this.#routes = [...routes.values()];
  }

  /** Throws `NOT_FOUND`, and `MALFORMED_REQUEST` for a path that is no text. */
  find(path: string): Found {
    const segments = segmentsOf(path);
    const route = this.#routes.find((one) => fits(one.segments, segments));
    if (route === undefined) throw new RequestProblem("NOT_FOUND", "There is nothing here.");
    const params: Record<string, string> = {};
    for (const [index, name] of route.segments.entries()) {
      if (isParameter(name)) params[name.slice(1, -1)] = decoded(segments[index] ?? "");
    }
    const methods = [...route.operations.keys()];
    if (methods.includes("GET")) methods.push("HEAD");
    return { params, operations: route.operations, methods: [...methods, "OPTIONS"] };
  }
}

/** A slash at the end makes no difference. */
function segmentsOf(path: string): readonly string[] {
  return path.replace(/^\//, "").replace(/\/$/, "").split("/");
}

/** Nothing is decoded yet: a key may have a slash, and a path must not get segments from one. */
function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  return (
    pattern.length === segments.length &&
    pattern.every((name, index) =>
      isParameter(name) ? segments[index] !== "" : name === segments[index],
    )
  );
}

function isParameter(name: string): boolean {
  return name.startsWith("{");
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new RequestProblem("MALFORMED_REQUEST", "The path is not percent-encoded as UTF-8.");
  }
}
