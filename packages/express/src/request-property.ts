import type { FlagClient } from "@halyard/server";
import { attachClient, CLIENT } from "@halyard/server/adapter";
import type { Request } from "express";

type Slots = Record<PropertyKey, unknown>;

/**
 * Where the client stands on requests: an accessor on the prototype that the requests of all
 * applications share, with the value in a slot of the request's own `rawHeaders`. Express gives
 * every request its application's prototype when it comes in, after which no two of them have a
 * hidden class in common, so that each property which is added to one costs as much as a hundred
 * reads of flags. Not in `response.locals`, which applications replace, and not in a `WeakMap`: clients
 * know their request, so that its entries outlive the collector's quick rounds.
 */
export class RequestProperty {
  readonly #name: string;
  readonly #slot: symbol;
  /** The last that requests had, and whether the accessor is there. */
  #prototype: object | undefined;
  #isShared = false;

  constructor(name: string) {
    this.#name = name;
    this.#slot = Symbol.for(`halyard.request.${name}`);
  }

  /** What is there: a client, or what somebody else has put there. */
  read(request: Request): unknown {
    const slots = this.#slotsOf(request);
    return slots === undefined ? own(request)[this.#name] : slots[this.#slot];
  }

  write(request: Request, client: FlagClient): void {
    const slots = this.#slotsOf(request);
    if (slots === undefined) {
      attachClient(request, this.#name, client);
      return;
    }
    slots[this.#slot] = client;
    if (this.#name !== "flags") slots[CLIENT] ??= client;
  }

  /** `undefined`: the request has the property itself. */
  #slotsOf(request: Request): Slots | undefined {
    const prototype: object = Object.getPrototypeOf(request);
    if (prototype !== this.#prototype) {
      this.#prototype = prototype;
      this.#isShared = this.#share(prototype, request);
    }
    return this.#isShared ? slotsOf(request) : undefined;
  }

  #share(prototype: object, request: Request): boolean {
    const name = this.#name;
    const shared = sharedBy(prototype, name);
    // Requests that tests make by hand have no prototype of their own to write to.
    if (shared === undefined) return false;
    if (Object.hasOwn(shared, this.#slot)) return true;
    if (name in shared) return false;
    define(shared, CLIENT, CLIENT);
    define(shared, name, this.#slot);
    define(shared, this.#slot, this.#slot);
    if (Object.hasOwn(request, name)) {
      const taken = own(request)[name];
      delete own(request)[name];
      own(request)[name] = taken;
    }
    return true;
  }
}

/**
 * What the requests of all applications inherit from. Not the prototype of one: an application
 * that is mounted in several others inherits from the last of them alone. `undefined` where there
 * is no such thing, or an application has its own idea of the name.
 */
function sharedBy(prototype: object, name: string): object | undefined {
  let next: object | null = prototype;
  while (next !== null && Object.hasOwn(next, "app")) {
    if (Object.hasOwn(next, name)) return undefined;
    next = Object.getPrototypeOf(next);
  }
  // That of a class, such as Node's own, is not Express's to write to.
  if (next === null || next === prototype || Object.hasOwn(next, "constructor")) return undefined;
  return next;
}

function define(prototype: object, name: PropertyKey, slot: symbol): void {
  Object.defineProperty(prototype, name, {
    configurable: true,
    get(this: Request) {
      return slotsOf(this)?.[slot];
    },
    set(this: Request, value: unknown) {
      const slots = slotsOf(this);
      if (slots !== undefined) slots[slot] = value;
      else Object.defineProperty(this, name, { value, writable: true, configurable: true });
    },
  });
}

/** `undefined` of what is no whole request, such as the prototype itself. */
function slotsOf(request: Request): Slots | undefined {
  return request.rawHeaders as unknown as Slots | undefined;
}

function own(request: Request): Slots {
  return request as unknown as Slots;
}
