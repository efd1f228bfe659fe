import { Socket } from "node:net";

/** From here on an attempt of this process to reach a network ends it. */
export function refuseNetwork(): void {
  Socket.prototype.connect = (...target: unknown[]): never => {
    console.error("A contestant reached for the network:", ...target);
    process.exit(1);
  };
}
