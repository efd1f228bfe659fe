import { start } from "./fastify.js";
import { serves } from "./shared/serving.cjs";

serves("fastify", start);
