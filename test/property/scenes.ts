import fc from "fast-check";
import { buildScene, type Scene } from "./generate/document.ts";
import { builtOfTwo } from "./generate/tape.ts";
import { CONTEXTS, parameters } from "./runs.ts";

/** Checks random documents, each in several contexts; a share of the usual number of them. */
export function checkScenes(check: (scene: Scene) => void, share?: number): void {
  const scenes = builtOfTwo((tape, subjects) => buildScene(tape, subjects, CONTEXTS));
  fc.assert(fc.property(scenes, check), parameters(share));
}
