import type { HalyardError, Store, StoreNotice } from "@halyard/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { proxyTo, type TestProxy } from "../../support/servers/proxy.ts";
import { until } from "../support/until.ts";
import { by, codeOf, type FaultyStore, flag, writtenKeys } from "./faulty-store.ts";
import { hangingCases } from "./hanging-cases.ts";

// What stores do when their server, or the connection to it, does not do what it should.

export function faultSuite({ name, server, open, commits, empty, takeAway }: FaultyStore): void {
  describe(`${name}, when something breaks`, { timeout: 40_000 }, () => {
    let proxy: TestProxy;
    let place: string;
    const opened: Store[] = [];
    const opens = (url: string): Store => {
      const store = open(url, place);
      opened.push(store);
      return store;
    };
    const follow = (store: Store) => {
      const notices: StoreNotice[] = [];
      const errors: unknown[] = [];
      store.watch?.({
        onChange: (_, notice) => void (notice && notices.push(notice)),
        onError: (error) => errors.push(error),
      });
      return { notices, errors, latest: () => notices.at(-1)?.version ?? -1 };
    };

    beforeEach(async () => {
      proxy = await proxyTo(server.url);
      place = `faults_${Math.random().toString(36).slice(2)}`;
    });
    afterEach(async () => {
      proxy.mend();
      for (const store of opened.splice(0)) await store.close();
      await proxy.close();
      await empty(place);
    });

    it("keeps what it acknowledged, while connections are cut all the time", async () => {
      const direct = opens(server.url);
      const writers = [opens(proxy.url), opens(proxy.url), opens(proxy.url)];
      await Promise.all([direct, ...writers].map((store) => store.read()));
      const acknowledged: string[] = [];
      let refused = 0;
      let done = false;
      const cutting = (async () => {
        while (!done) {
          await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 30));
          if (Math.random() < 0.3) proxy.deafen();
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 10));
          proxy.drop();
        }
      })();
      await Promise.all(
        writers.map(async (store, writer) => {
          for (let count = 0; count < 60; count++) {
            const key = `f-${writer}-${count}`;
            const code = await codeOf(store.write([flag(key)], by));
            if (code === "none") acknowledged.push(key);
            else refused++;
            expect(["none", "STORE_WRITE_FAILED"]).toContain(code);
          }
        }),
      );
      done = true;
      await cutting;
      const keys = await writtenKeys(direct);
      expect(acknowledged.filter((key) => !keys.has(key))).toEqual([]);
      expect(keys.size).toBeLessThanOrEqual(acknowledged.length + refused);
      expect(acknowledged.length).toBeGreaterThan(0);
      const { version, documents } = await direct.read();
      const { flags } = documents[0]!.document as { flags: Record<string, { version: number }> };
      const versions = Object.values(flags).map((entry) => entry.version);
      expect(new Set(versions).size).toBe(versions.length);
      expect(Math.max(...versions)).toBe(version);
      expect(versions).toHaveLength(version);
    });

    it("says so when the answer to a write is lost, and what was written is there", async () => {
      const [direct, distant] = [opens(server.url), opens(proxy.url)];
      await distant.write([flag("before")], by);
      proxy.freezeAfter(commits);
      const writing = distant.write([flag("lost")], by).then(
        () => "acknowledged",
        (error: Error) => error.message,
      );
      await until("the answer is held back", () => proxy.held() > 0);
      proxy.mend();
      proxy.drop();
      expect(await writing).toMatch(/may have been made/);
      expect(await writtenKeys(direct)).toContain("lost");
      expect(await codeOf(distant.write([flag("after")], by))).toBe("none");
    });

    it("tells of a cut, and afterwards of what was written meanwhile", async () => {
      const [direct, distant] = [opens(server.url), opens(proxy.url)];
      await distant.read();
      const heard = follow(distant);
      const first = await direct.write([flag("a")], by);
      await until("the first is heard of", () => heard.latest() === first.version);
      proxy.cut();
      await until("the cut is heard of", () => heard.errors.length > 0);
      expect((heard.errors[0] as HalyardError).code).toBe("STORE_READ_FAILED");
      expect(await codeOf(distant.read())).toBe("STORE_READ_FAILED");
      const query = { scopes: ["user:ann"], user: "ann" };
      expect(await codeOf(distant.readSubject(query))).toBe("STORE_READ_FAILED");
      const second = await direct.write([flag("b")], by);
      const third = await direct.write([flag("c")], by);
      const before = heard.notices.length;
      proxy.mend();
      await until("all is heard of", () => heard.latest() === third.version);
      const touched = heard.notices.slice(before).flatMap((notice) => notice.touched ?? []);
      expect(touched.map(({ key }) => key)).toEqual(["b", "c"]);
      expect((await distant.read()).version).toBe(third.version);
      const fourth = await direct.write([flag("d")], by);
      await until("it is told again", () => heard.latest() === fourth.version);
      expect(second.version).toBeLessThan(third.version);
    });

    it("comes back by itself when nothing was written, and says so", async () => {
      const distant = opens(proxy.url);
      await distant.read();
      const heard = follow(distant);
      await until("the watch stands", () => heard.notices.length > 0);
      proxy.cut();
      await until("the cut is heard of", () => heard.errors.length > 0);
      const before = heard.notices.length;
      proxy.mend();
      await until("the end is heard of", () => heard.notices.length > before);
    });

    it("starts when its server does", async () => {
      proxy.cut();
      const distant = opens(proxy.url);
      const heard = follow(distant);
      expect(await codeOf(distant.read())).toBe("STORE_READ_FAILED");
      await until("it is heard of", () => heard.errors.length > 0);
      proxy.mend();
      await until("the store is heard of", () => heard.notices.length > 0);
      expect(await codeOf(distant.write([flag("a")], by))).toBe("none");
    });

    it.skipIf(server.restart === undefined)("outlives a crash of its server", async () => {
      const [writer, reader] = [opens(server.url), opens(server.url)];
      await reader.read();
      const heard = follow(reader);
      const acknowledged: string[] = [];
      let restarted = false;
      const writing = (async () => {
        for (let count = 0; !restarted || count < 20; count++) {
          const key = `f-${count}`;
          const code = await codeOf(writer.write([flag(key)], by));
          if (code === "none") acknowledged.push(key);
          else expect(code).toBe("STORE_WRITE_FAILED");
        }
      })();
      await until("something is written", () => acknowledged.length > 10);
      await server.restart?.();
      restarted = true;
      await writing;
      const last = await writer.write([flag("last")], by);
      await until("the last is heard of", () => heard.latest() === last.version);
      const keys = await writtenKeys(reader);
      expect(acknowledged.filter((key) => !keys.has(key))).toEqual([]);
      expect(heard.notices.map(({ version }) => version)).toEqual(
        heard.notices.map(({ version }) => version).toSorted((a, b) => a - b),
      );
    });

    it("is at fault while it is put back piece by piece", async () => {
      const store = opens(server.url);
      await store.write([flag("a"), flag("b")], by);
      const before = await store.read();
      const [putMetaBack, putRestBack] = await takeAway(place);
      expect(await codeOf(store.read())).toBe("STORE_READ_FAILED");
      await putMetaBack();
      await expect(store.read()).rejects.toThrow(/lacks flags, segments or overrides/);
      await putRestBack();
      expect(await store.read()).toEqual(before);
      expect(await codeOf(store.write([flag("c")], by))).toBe("none");
    });

    hangingCases({ open: () => [opens(server.url), opens(proxy.url)], proxy: () => proxy });

    it("leaves the password out of what it says", async () => {
      const wrong = new URL(server.url);
      wrong.username = "nobody-here";
      wrong.password = "s3cret%21word";
      const absent = new URL(wrong);
      absent.port = "1";
      const elsewhere = new URL(wrong);
      elsewhere.hostname = "no-such-host.invalid";
      for (const url of [wrong, absent, elsewhere]) {
        const error = await opens(url.href)
          .read()
          .then(
            () => undefined,
            (reason: HalyardError) => reason,
          );
        expect(error?.code).toBe("STORE_READ_FAILED");
        const shown = `${error?.message} ${error?.stack} ${JSON.stringify(error?.cause)} ${error?.cause}`;
        expect(shown).not.toMatch(/s3cret/);
        expect(error?.message).toMatch(/Check /);
      }
    });
  });
}
