import { BaseAgent, createAgent, type IdentityCallback, type ParsedKey } from "ssh2";
import { keyWeakness } from "./key-weakness.js";

/** The agent at a socket, without its weak keys. */
export class StrongAgent extends BaseAgent<ParsedKey> {
  private readonly agent: BaseAgent<ParsedKey>;

  /** @param leftOut is told of each key that is left out, and why */
  constructor(
    socketPath: string,
    private readonly leftOut: (why: string) => void,
  ) {
    super();
    this.agent = createAgent(socketPath) as BaseAgent<ParsedKey>;
  }

  getIdentities(answer: IdentityCallback<ParsedKey>): void {
    this.agent.getIdentities((error, keys) => {
      if (error || !Array.isArray(keys)) return answer(error, keys);
      const strong = (keys as ParsedKey[]).filter((key) => {
        const weakness = keyWeakness(key);
        if (weakness !== undefined) this.leftOut(`${key.comment || key.type} ${weakness}`);
        return weakness === undefined;
      });
      answer(undefined, strong);
    });
  }

  sign(...request: unknown[]): void {
    (this.agent.sign as (...request: unknown[]) => void).apply(this.agent, request);
  }
}
