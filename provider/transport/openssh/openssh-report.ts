import type { LoginReport } from "../login/login-report.js";

/** Returns what became of a login, from what OpenSSH says of it. Source: sshconnect2.c of OpenSSH, lines of its first level of debugging. */
export function readReport(said: string): LoginReport {
  const all = (pattern: RegExp) => [...said.matchAll(pattern)].map(([, text]) => (text ?? "").trim());
  const offers = all(/^debug1: (?:Offering public key|Trying private key): (.*)$/gm).map(
    (offer) => offer.split(" ")[0] ?? "",
  );
  const unusable = [...said.matchAll(/^Load key "([^"]+)": (.*)$/gm)].map(([, path, why]) => [
    path ?? "",
    why ?? "",
  ]);
  const unloaded = new Set(unusable.map(([path]) => path));
  const methods = all(/^debug1: Next authentication method: (.*)$/gm);
  const partial = all(/^Authenticated using "([^"]+)" with partial success\.?$/gm);
  const offered = all(/^debug1: Authentications that can continue: (.*)$/gm).at(-1) ?? "";
  const others = methods.filter((method) => method !== "publickey" && !partial.includes(method));
  return {
    tried:
      partial.length > 0
        ? others
        : [...new Set([...offers.filter((offer) => !unloaded.has(offer)), ...others])],
    unusable: unusable.map(([path, why]) => `${path} (${why})`),
    offered: offered.split(",").filter((method) => method !== ""),
    accepted: partial.map((method) => (method === "publickey" ? (offers.at(-1) ?? method) : method)),
    prompts: [],
    beyond: [],
  };
}
