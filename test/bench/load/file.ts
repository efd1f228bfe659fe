// One cold start from a file: reads, parses, checks and compiles it before it returns.
import { createFlags, fileSource } from "@halyard/server";

const [paths = ""] = process.argv.slice(2);
const start = performance.now();
const instance = createFlags({ sources: [fileSource({ paths, watch: false })] });
const milliseconds = performance.now() - start;
process.send?.({ milliseconds, flags: instance.health().flags_loaded });
