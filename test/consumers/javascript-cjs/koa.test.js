const { start } = require("./koa.js");
const { serves } = require("./shared/serving.cjs");

serves("koa", start);
