// What is compared, however it is measured.

/** Parts of the bare server's requests per second: with one read each, and with twenty. */
export const MUSTS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  express: { "1 read": 0.98 },
  koa: { "1 read": 0.98 },
  fastify: { "1 read": 0.93, "20 reads": 0.8 },
};

/** The servers that are compared, and what `server.ts` is told to make each. */
export const KINDS: Readonly<Record<string, readonly string[]>> = {
  bare: [],
  "bare again": [],
  "an empty middleware": ["empty"],
  "1 read": ["1"],
  "20 reads": ["20"],
};
