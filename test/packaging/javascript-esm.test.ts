import { javascriptProject } from "./javascript.ts";

javascriptProject("javascript-esm");
