/** Names of attributes that must not leave the process, and paths that lead to some. */
export class PrivateNames {
  readonly #names: readonly string[];

  constructor(names: Iterable<string>) {
    this.#names = [...new Set(names)];
  }

  /** Whether what is at the end of the path is private: by its own name, or by how it is reached. */
  endsAt(path: string): boolean {
    return this.#names.some((name) => path === name || path.endsWith(`.${name}`));
  }

  /** Whether any part of the path is. */
  isOn(path: string): boolean {
    const steps = path.split(".");
    return steps.some((_, index) => this.endsAt(steps.slice(0, index + 1).join(".")));
  }
}
