// Loaded before a snippet: checks its claims, gives its servers free ports, and tells the test.
import { Server } from "node:net";
import { isDeepStrictEqual } from "node:util";

const send = (message) => process.send?.(message);

const { listen } = Server.prototype;
Server.prototype.listen = function (first, ...rest) {
  this.once("listening", () => send({ port: this.address().port }));
  const free = typeof first === "object" && first !== null ? { ...first, port: 0 } : 0;
  return listen.call(this, free, ...rest);
};

/** Objects need only have what is claimed; everything else is equal. */
function fits(actual, claimed) {
  if (typeof claimed !== "object" || claimed === null || Array.isArray(claimed)) {
    return isDeepStrictEqual(actual, claimed);
  }
  return Object.entries(claimed).every(([name, value]) => fits(actual?.[name], value));
}

globalThis.__claim = (actual, claimed, where) => {
  const ok = fits(actual, claimed);
  send({ claim: where, ok, actual: ok ? undefined : JSON.stringify(actual) });
  return actual;
};
