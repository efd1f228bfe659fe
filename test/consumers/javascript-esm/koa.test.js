import { start } from "./koa.js";
import { serves } from "./shared/serving.cjs";

serves("koa", start);
