import { describe, expect, it } from "vitest";
import { Freezes, parseWindow } from "./freezes.ts";

const at = (text: string): number => Date.parse(text);
const until = (freezes: Freezes, text: string): string | undefined => {
  const freeze = freezes.at(at(text));
  return freeze && new Date(freeze.until).toISOString();
};

describe("a window", () => {
  it("is a time with its end", () => {
    const freezes = new Freezes([
      { from: "2027-12-20T00:00:00Z", to: "2028-01-03T09:00:00+01:00" },
    ]);
    expect(until(freezes, "2027-12-19T23:59:59.999Z")).toBeUndefined();
    expect(until(freezes, "2027-12-20T00:00:00Z")).toBe("2028-01-03T08:00:00.000Z");
    expect(until(freezes, "2028-01-03T08:00:00Z")).toBeUndefined();
  });

  it("is a part of each week, also over its end", () => {
    const freezes = new Freezes([{ from: "Fri 16:00", to: "mon 08:00" }]);
    // 2027-01-01 is a Friday.
    expect(until(freezes, "2027-01-01T15:59:59Z")).toBeUndefined();
    expect(until(freezes, "2027-01-01T16:00:00Z")).toBe("2027-01-04T08:00:00.000Z");
    expect(until(freezes, "2027-01-03T12:00:00Z")).toBe("2027-01-04T08:00:00.000Z");
    expect(until(freezes, "2027-01-04T08:00:00Z")).toBeUndefined();
    expect(until(freezes, "2031-06-07T00:00:00Z")).toBe("2031-06-09T08:00:00.000Z");
    expect(until(freezes, "1965-01-02T00:00:00Z")).toBe("1965-01-04T08:00:00.000Z");
  });

  it.each([
    undefined,
    null,
    "Fri 16:00",
    {},
    { from: "Fri 16:00" },
    { from: "Fri 16:00", to: "Fri 16:00" },
    { from: "Fri 24:00", to: "Sat 08:00" },
    { from: "Fri 16:60", to: "Sat 08:00" },
    { from: "Fry 16:00", to: "Sat 08:00" },
    { from: "Fri 16:00", to: "2027-01-01T00:00:00Z" },
    { from: "2027-01-02T00:00:00Z", to: "2027-01-01T00:00:00Z" },
    { from: "2027-01-01T00:00:00", to: "2027-01-02T00:00:00" },
    { from: "2027-13-01T00:00:00Z", to: "2028-01-02T00:00:00Z" },
    { from: 1, to: 2 },
    { from: "Fri 16:00", to: "Sat 08:00", name: 1 },
    { from: "Fri 16:00", to: "Sat 08:00", zone: "Europe/Berlin" },
  ])("is not %j", (window) => {
    expect(parseWindow(window)).toBeUndefined();
  });
});

describe("several windows", () => {
  it("that touch are one, under the name of the first", () => {
    const freezes = new Freezes([
      { from: "2027-01-02T00:00:00Z", to: "2027-01-04T00:00:00Z", name: "weekend" },
      { from: "2027-01-04T00:00:00Z", to: "2027-01-06T00:00:00Z", name: "sale" },
      { from: "2027-01-05T00:00:00Z", to: "2027-01-05T12:00:00Z" },
    ]);
    expect(freezes.at(at("2027-01-03T00:00:00Z"))).toEqual({
      name: "weekend",
      until: at("2027-01-06T00:00:00Z"),
    });
  });

  it("that never end are told of all the same", () => {
    const freezes = new Freezes([
      { from: "Mon 00:00", to: "Thu 00:00" },
      { from: "Thu 00:00", to: "Mon 00:00" },
    ]);
    expect(freezes.at(0)?.until).toBeGreaterThan(0);
  });

  it("are none unless somebody says so", () => {
    expect(new Freezes().at(0)).toBeUndefined();
  });
});
