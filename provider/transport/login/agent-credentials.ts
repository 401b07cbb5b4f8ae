import { type ParsedKey, utils } from "ssh2";
import type { Route } from "../config/route.js";
import { sameKey } from "../trust/known-hosts.js";
import { type AgentKey, listAgent, OneKeyAgent } from "./agent.js";
import type { Credential } from "./credential.js";
import type { FoundKey } from "./key-of-file.js";
import { keyWeakness } from "./key-weakness.js";
import { isCertificate, isFido } from "./public-half.js";

/** What an agent gives to log in with. */
export interface AgentCredentials {
  /** Of keys that somebody named and that cannot be used without it. */
  readonly named: ReadonlyMap<FoundKey, Credential>;
  /** Of its other keys, in its order. */
  readonly others: readonly Credential[];
  readonly unusable: readonly string[];
  readonly beyond: readonly string[];
}

const nothing: AgentCredentials = { named: new Map(), others: [], unusable: [], beyond: [] };

/**
 * Returns what the agent of a route gives: those of its keys that somebody named, and the others unless `IdentitiesOnly`
 * leaves them out.
 */
export async function agentCredentials(route: Route, keys: readonly FoundKey[]): Promise<AgentCredentials> {
  const { agentSocketPath: agent, connection } = route;
  const onlyNamed = route.identitiesOnly && connection.agentSocketPath === undefined;
  const wanted = keys.filter(
    ({ credential, publicKey }) => credential === undefined && publicKey !== undefined,
  );
  if (agent === undefined || agent === "" || (onlyNamed && wanted.length === 0)) return nothing;
  let listed: readonly AgentKey[];
  try {
    listed = await listAgent(agent);
  } catch (error) {
    return { ...nothing, unusable: [`agent ${agent} (${(error as Error).message})`] };
  }
  return new Sorting(route, agent).sort(listed, { keys, wanted, onlyNamed });
}

class Sorting {
  private readonly unusable: string[] = [];
  private readonly beyond: string[] = [];

  constructor(
    private readonly route: Route,
    private readonly agent: string,
  ) {}

  sort(
    listed: readonly AgentKey[],
    {
      keys,
      wanted,
      onlyNamed,
    }: { keys: readonly FoundKey[]; wanted: readonly FoundKey[]; onlyNamed: boolean },
  ): AgentCredentials {
    const named = new Map<FoundKey, Credential>();
    for (const key of wanted) {
      const its = listed.find((one) => key.publicKey !== undefined && sameKey(one.key, key.publicKey));
      const credential = its && this.credential(its, `${key.label} (agent ${this.agent})`);
      if (credential !== undefined) named.set(key, credential);
    }
    const isNamed = (one: AgentKey) => keys.some(({ publicKey }) => publicKey && sameKey(one.key, publicKey));
    const others = onlyNamed ? [] : listed.filter((one) => !isNamed(one));
    if (listed.length === 0) this.unusable.push(`agent ${this.agent} (it has no keys)`);
    return {
      named,
      others: others.flatMap((one) => this.credential(one, this.label(one)) ?? []),
      unusable: this.unusable,
      beyond: this.beyond,
    };
  }

  private label({ comment, key }: AgentKey): string {
    return `agent ${this.agent} (${comment || key.type})`;
  }

  /** `undefined` for a key that is left out. */
  private credential(one: AgentKey, label: string): Credential | undefined {
    const { type, blob } = one.key;
    const name = one.comment || type;
    if (isCertificate(type)) this.beyond.push(`the certificate ${name} of the agent`);
    else if (isFido(type)) this.beyond.push(`the FIDO key ${name} of the agent`);
    const parsed = utils.parseKey(`${type} ${blob}`);
    if (parsed instanceof Error || isCertificate(type) || isFido(type)) return undefined;
    const key = [parsed].flat()[0] as ParsedKey;
    const weakness = keyWeakness(key);
    if (weakness !== undefined) {
      this.unusable.push(`agent ${this.agent} (${name} ${weakness})`);
      return undefined;
    }
    const agent = new OneKeyAgent(this.agent, key);
    const method = { type: "agent" as const, username: this.route.user, agent };
    return { label, offeredAs: "publickey", method, unsigned: () => agent.unsigned };
  }
}
