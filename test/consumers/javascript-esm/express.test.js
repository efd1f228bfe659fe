import { start } from "./express.js";
import { serves } from "./shared/serving.cjs";

serves("express", start);
