import { type DefinedFlags, defineFlags } from "@halyard/express";

export const definitions: DefinedFlags = defineFlags({
  "new-search": { percentage: 50 },
  checkout: {
    variants: { classic: "classic", wizard: "wizard" },
    fallthrough: { rollout: { weights: { classic: 50, wizard: 50 }, experiment: true } },
  },
  "euro-prices": { conditions: { attributes: { country: ["DE", "FR", "NL"] } } },
  "spring-banner": { enabled: true, owner: "team-web", expires: "2026-05-01" },
});
