// The versions of Node that the packages are for, each the newest of its line, from the registry.
import { delimiter, dirname, join } from "node:path";
import { testStep, workStep } from "./steps.mjs";
import { npm, root, run } from "./workspace.mjs";

const LINES = [20, 22, 24, 26];

const vitest = join(root, "node_modules", "vitest", "vitest.mjs");

/** Node's program and version of each line; throws when one can't be had. */
function installNodes() {
  return LINES.map((line) => {
    const command = [...npm(), "exec", "--yes", `--package=node@${line}`, "--"];
    const script = "console.log(process.execPath), console.log(process.version)";
    const { status, stdout, stderr } = run([...command, "node", "--eval", script], {
      stdio: "pipe",
    });
    const [program, version] = stdout?.trim().split(/\r?\n/).slice(-2) ?? [];
    if (status !== 0 || !version?.startsWith(`v${line}.`)) {
      throw new Error(`Node ${line} can't be had from the registry:\n${stdout}${stderr}`);
    }
    console.log(`${version}: ${program.replace(root, "")}`);
    return { program, version };
  });
}

/** Fetches the versions of Node. None when that fails, which is then a failed step. */
export function nodesStep() {
  return workStep("Versions of Node", installNodes, []);
}

/** Tests of the built packages on one version of Node; all of them, or those of some files. */
export function builtStep({ program, version }, format, files = []) {
  testStep(
    `Built packages (${format}) on Node ${version}`,
    [program, vitest, "run", "--project", `built-${format}`, ...files],
    // What a test starts as `node` is of the same version.
    {
      PATH: [dirname(program), join(root, "node_modules", ".bin"), process.env.PATH].join(
        delimiter,
      ),
    },
  );
}

/** The packed packages in users' projects on the given versions of Node, or on this one. */
export function consumersStep(nodes) {
  // More at once than there are cores: half of the time is npm's, which waits.
  const command = ["vitest", "run", "--project", "packaging", "--maxWorkers=4"];
  testStep("Packages in consumers' projects", command, {
    HALYARD_NODES: nodes.map(({ program }) => program).join(delimiter),
  });
}
