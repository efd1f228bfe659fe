import { randomBytes } from "node:crypto";
import { storeSuite } from "@halyard/testing/store";
import pg from "pg";
import { afterAll, describe, it } from "vitest";
import { postgresStore } from "../postgres.ts";

const url = process.env.DATABASE_URL as string;
const pool = new pg.Pool({ connectionString: url, max: 2 });
afterAll(() => pool.end());

const TABLES = ["", "_segments", "_groups", "_overrides", "_audit", "_meta"];

storeSuite(
  {
    name: "PostgreSQL",
    shared: true,
    manyWriters: true,
    create: async () => {
      const table = `t_${randomBytes(6).toString("hex")}`;
      const drop = async () => {
        for (const name of TABLES) await pool.query(`DROP TABLE IF EXISTS "${table}${name}"`);
      };
      return {
        open: (options = {}) => postgresStore({ url, table, ...options }),
        lose: drop,
        remove: drop,
      };
    },
  },
  { describe, it },
);
