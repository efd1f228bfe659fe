import { javascriptProject } from "./javascript.ts";

javascriptProject("javascript-cjs");
