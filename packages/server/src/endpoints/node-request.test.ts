import { expect, it } from "vitest";
import { pathAndQuery } from "./node-request.ts";

it.each([
  ["/", "/", ""],
  ["", "", ""],
  ["/a/b?c=d", "/a/b", "c=d"],
  ["/a?b?c", "/a", "b?c"],
  ["/a#b?c", "/a", ""],
  ["/a?b#c", "/a", "b"],
  ["//", "//", ""],
  ["//host/a", "//host/a", ""],
  ["/%2F/../%", "/%2F/../%", ""],
  ["http://host/a?b", "/a", "b"],
  ["HTTPS://user@host:1/a", "/a", ""],
  ["http://host", "", ""],
  ["http://host?b", "", "b"],
  ["/http://host/a", "/http://host/a", ""],
])("%s is path %s and query %s", (target, path, query) => {
  expect(pathAndQuery(target)).toEqual([path, query]);
});
