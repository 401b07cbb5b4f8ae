import { connect } from "node:net";
import { BaseAgent, createAgent, type IdentityCallback, type ParsedKey } from "ssh2";
import { within } from "../link/within.js";
import { type PublicHostKey, publicHostKey } from "../trust/known-hosts.js";

/** A key that an agent has; `comment` is what the agent calls it. */
export interface AgentKey {
  readonly key: PublicHostKey;
  readonly comment: string;
}

/** An agent is a program of this machine: one that is asked by a person answers a list at once. */
const longestMs = 5_000;
const longestAnswer = 256 * 1024;
const askForKeys = Buffer.from([0, 0, 0, 1, 11]);
const keysAnswer = 12;

/**
 * Returns the keys of an agent in its order, certificates and keys of hardware tokens too, which the SSH library leaves out.
 * Source: RFC draft-miller-ssh-agent, section 4.4.
 * @throws why there is no answer
 */
export function listAgent(socketPath: string): Promise<readonly AgentKey[]> {
  const socket = connect(socketPath);
  const answered = new Promise<readonly AgentKey[]>((resolve, reject) => {
    let seen = Buffer.alloc(0);
    socket.on("error", (error: NodeJS.ErrnoException) => reject(new Error(error.code ?? error.message)));
    socket.on("close", () => reject(new Error("it closes the connection")));
    socket.on("data", (chunk: Buffer) => {
      seen = Buffer.concat([seen, chunk]);
      const length = seen.length < 4 ? 0 : seen.readUInt32BE(0);
      if (length > longestAnswer) reject(new Error("its answer is too long"));
      else if (length > 0 && seen.length >= 4 + length) {
        const keys = parseKeys(seen.subarray(4, 4 + length));
        if (keys === undefined) reject(new Error("it does not list its keys"));
        else resolve(keys);
      }
    });
    socket.write(askForKeys);
  });
  const late = () => new Error(`no answer within ${longestMs / 1000} s`);
  return within(answered, longestMs, late).finally(() => socket.destroy());
}

function parseKeys(answer: Buffer): readonly AgentKey[] | undefined {
  if (answer[0] !== keysAnswer || answer.length < 5) return undefined;
  const keys: AgentKey[] = [];
  let rest = answer.subarray(5);
  for (let left = answer.readUInt32BE(1); left > 0; left--) {
    const parts: Buffer[] = [];
    for (let part = 0; part < 2; part++) {
      const length = rest.length < 4 ? Number.POSITIVE_INFINITY : rest.readUInt32BE(0);
      if (rest.length < 4 + length) return undefined;
      parts.push(rest.subarray(4, 4 + length));
      rest = rest.subarray(4 + length);
    }
    const [wire = rest, comment = rest] = parts;
    keys.push({ key: publicHostKey(wire), comment: comment.toString("utf8").slice(0, 100) });
  }
  return keys;
}

/** One key of an agent, as if the agent had no other. */
export class OneKeyAgent extends BaseAgent<ParsedKey> {
  private readonly agent: BaseAgent<ParsedKey>;

  constructor(
    socketPath: string,
    private readonly key: ParsedKey,
  ) {
    super();
    this.agent = createAgent(socketPath) as BaseAgent<ParsedKey>;
  }

  getIdentities(answer: IdentityCallback<ParsedKey>): void {
    answer(undefined, [this.key]);
  }

  /** Why it did not sign; `undefined` when it did, or was not asked. */
  unsigned: string | undefined;

  sign(...request: unknown[]): void {
    const answer = request.pop() as (error?: Error | null, signature?: Buffer) => void;
    const told = (error?: Error | null, signature?: Buffer) => {
      if (error) this.unsigned = error.message;
      answer(error, signature);
    };
    (this.agent.sign as (...request: unknown[]) => void).call(this.agent, ...request, told);
  }
}
