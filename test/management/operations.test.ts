import { describe, it } from "vitest";
import { bench } from "./bench.ts";
import { exercise, REVIEWED } from "./exercise.ts";
import { frameworks } from "./frameworks.ts";
import { stores } from "./stores.ts";

// Every operation on every framework, with and without a body parser, over every embedded store.

describe.each(stores)("$name", (store) => {
  for (const framework of frameworks) {
    for (const bodyParser of [false, true]) {
      it(`${framework.name}, ${bodyParser ? "a" : "no"} body parser`, async () => {
        await exercise(
          await bench({ framework, bodyParser, store: store.open(), flags: REVIEWED }),
        );
      });
    }
  }
});
