const { start } = require("./fastify.js");
const { serves } = require("./shared/serving.cjs");

serves("fastify", start);
