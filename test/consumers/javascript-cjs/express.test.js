const { start } = require("./express.js");
const { serves } = require("./shared/serving.cjs");

serves("express", start);
