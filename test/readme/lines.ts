import { expect } from "vitest";

/** Holds lines against what was printed, in order: `…` stands for anything. */
export function expectLines(actual: string, expected: string): void {
  const lines = actual.replaceAll("\r", "").split("\n");
  let position = 0;
  for (const line of expected.split("\n")) {
    const parts = line.split("…").map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
    const pattern = new RegExp(`^${parts.join(".*")}$`);
    const found = lines.findIndex((text, index) => index >= position && pattern.test(text));
    expect(found, `${line}\nin\n${actual}`).toBeGreaterThanOrEqual(position);
    position = found + 1;
  }
}
