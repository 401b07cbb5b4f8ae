import { redactLater } from "../../model/errors.js";
import { defaultKeyFiles } from "../config/home-path.js";
import type { Route } from "../config/route.js";
import { type AgentCredentials, agentCredentials } from "./agent-credentials.js";
import type { Credential } from "./credential.js";
import { type FoundKey, keyOfFile, keyOfText } from "./key-of-file.js";

/** What there is to log in with, in the order in which it is tried. */
export interface FoundCredentials {
  readonly queue: Credential[];
  readonly unusable: readonly string[];
  readonly beyond: readonly string[];
}

/** What a machine asks in the middle of a login. */
export interface Questions {
  /** Told what it asks of a person. */
  asked(prompts: readonly string[]): void;
  /** Nobody has an answer, and OpenSSH hangs up on one that is too short: the login is over. */
  unanswered(): void;
}

export async function collectCredentials(route: Route, questions: Questions): Promise<FoundCredentials> {
  const { connection } = route;
  const explicit = explicitKeys(route);
  const configured = route.identityFiles.map((file) =>
    keyOfFile(route, file, "IdentityFile of ~/.ssh/config"),
  );
  const named =
    connection.privateKey ?? connection.password ?? connection.privateKeyPath ?? connection.privateKeyEnv;
  const nobodyNames = named === undefined && route.identityFiles.length === 0 && !route.noIdentityFile;
  const defaults = nobodyNames ? defaultKeys(route) : [];
  const agent = await agentCredentials(route, [...explicit, ...configured, ...defaults]);
  const credentialOf = (key: FoundKey) => agent.named.get(key) ?? key.credential ?? [];
  const keys = [...explicit, ...configured].flatMap(credentialOf);
  const inline = connection.privateKey === undefined ? [] : keys.splice(0, 1);
  return {
    queue: [
      ...inline,
      ...passwords(route, questions),
      ...keys,
      ...agent.others,
      ...defaults.flatMap(credentialOf),
      bareQuestion(route, questions),
    ],
    unusable: [...unusableOf([...explicit, ...configured], agent), ...agent.unusable],
    beyond: [
      ...new Set([...explicit, ...configured, ...defaults].flatMap(({ beyond }) => beyond)),
      ...agent.beyond,
    ],
  };
}

function unusableOf(keys: readonly FoundKey[], agent: AgentCredentials): string[] {
  return keys.flatMap((key) =>
    key.unusable === undefined || agent.named.has(key) ? [] : `${key.label} (${key.unusable})`,
  );
}

function explicitKeys(route: Route): FoundKey[] {
  const { privateKey, privateKeyPath, privateKeyEnv } = route.connection;
  const found: FoundKey[] = [];
  if (privateKey !== undefined) found.push(keyOfText(route, privateKey, "connection.privateKey"));
  if (privateKeyPath !== undefined) found.push(keyOfFile(route, privateKeyPath, "connection.privateKeyPath"));
  if (privateKeyEnv !== undefined) {
    const label = `connection.privateKeyEnv ${privateKeyEnv}`;
    const text = process.env[privateKeyEnv] ?? "";
    found.push(
      text === ""
        ? { label, unusable: "not set in the environment", beyond: [] }
        : keyOfText(route, text, label),
    );
  }
  return found;
}

function defaultKeys(route: Route): FoundKey[] {
  return defaultKeyFiles().map((path) => keyOfFile(route, path, "default key"));
}

function passwords(route: Route, questions: Questions): Credential[] {
  const { password } = route.connection;
  if (password === undefined) return [];
  redactLater(password);
  const username = route.user;
  return [
    { label: "connection.password", offeredAs: "password", method: { type: "password", username, password } },
    {
      label: "connection.password (keyboard-interactive)",
      offeredAs: "keyboard-interactive",
      method: {
        type: "keyboard-interactive",
        username,
        prompt: (_name, _instructions, _lang, prompts, finish) => {
          questions.asked(prompts.map(({ prompt }) => prompt));
          finish(prompts.map(() => password));
        },
      },
    },
  ];
}

/** Some servers ask nothing in it: the round alone is what they want. What one does ask for is told. */
function bareQuestion(route: Route, questions: Questions): Credential {
  return {
    label: "",
    offeredAs: "keyboard-interactive",
    asSecond: true,
    method: {
      type: "keyboard-interactive",
      username: route.user,
      prompt: (_name, _instructions, _lang, prompts, finish) => {
        questions.asked(prompts.map(({ prompt }) => prompt));
        if (prompts.length === 0) finish([]);
        else questions.unanswered();
      },
    },
  };
}
