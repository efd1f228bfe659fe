/** A document as people write it in YAML: maps in blocks, lists of values in brackets. */
export function toYaml(value: unknown, indent = ""): string {
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== "object"))
      return ` [${value.map(scalar).join(", ")}]\n`;
    return `\n${value.map((item) => `${indent}- ${inner(item, indent).trimStart()}`).join("")}`;
  }
  if (typeof value === "object" && value !== null) return `\n${inner(value, indent.slice(2))}`;
  return ` ${scalar(value)}\n`;
}

function inner(value: object, outer: string): string {
  const indent = `${outer}  `;
  const lines = Object.entries(value).map(
    ([key, item]) => `${indent}${scalar(key)}:${toYaml(item, `${indent}  `)}`,
  );
  return lines.join("");
}

function scalar(value: unknown): string {
  if (typeof value !== "string") return String(value);
  const plain =
    /^[A-Za-z][\w ./-]*$/.test(value) && !/^(true|false|null|yes|no|on|off)$/i.test(value);
  return plain ? value : JSON.stringify(value);
}
