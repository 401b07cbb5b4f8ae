import { createRequire } from "node:module";

/** How much a message matters, in the engine's words. */
export type Severity = "INFO" | "WARNING" | "ERROR";

/** One message of the engine's log. */
export interface EngineMessage {
  /** The resource on whose row and under whose name it is shown. */
  readonly urn: string;
  readonly severity: Severity;
  /** May have several lines. */
  readonly text: string;
  /** Whether only the live row shows it, until the next one. */
  readonly ephemeral: boolean;
}

/** A way to the engine's log. */
export interface EngineLog {
  /** Sends a message after those before it; where the engine does not take it, `otherwise` is called. */
  say(message: EngineMessage, otherwise: () => void): void;
  /** Settles when the engine has what was said so far: what is sent after the end of a call may be lost. */
  said(): Promise<void>;
}

/** How long the engine may take for one message. */
const deadlineMs = 10_000;

/** What Pulumi's provider host has loaded already; the parts of it that are used here. */
interface Client {
  log(request: unknown, options: { readonly deadline: number }, done: (error: unknown) => void): void;
}
interface LogRequest {
  setSeverity(severity: number): void;
  setMessage(text: string): void;
  setUrn(urn: string): void;
  setEphemeral(ephemeral: boolean): void;
}
interface Protocol {
  readonly engine_grpc_pb: { EngineClient: new (address: string, credentials: unknown) => Client };
  readonly engine_pb: { LogRequest: new () => LogRequest; LogSeverity: Record<Severity, number> };
  readonly grpc: { credentials: { createInsecure(): unknown } };
}

/**
 * Returns the way to the engine that runs this provider process; `null` in any other process. The host is started with the
 * engine's address as its first argument, and its own modules speak to it: loading the SDK again would cost start-up time.
 */
export function engineLog(host = process.argv[1], address = process.argv[2]): EngineLog | null {
  if (host === undefined || !/[/\\]dynamic-provider([/\\]index\.js)?$/.test(host)) return null;
  if (address === undefined || !/^[\w.:[\]-]+:\d+$/.test(address)) return null;
  const protocol = protocolOf(host);
  if (protocol === null) return null;
  const client = new protocol.engine_grpc_pb.EngineClient(
    address,
    protocol.grpc.credentials.createInsecure(),
  );
  let last: Promise<void> = Promise.resolve();
  return {
    say(message, otherwise) {
      last = last.then(() => send(client, requestOf(message, protocol))).catch(otherwise);
    },
    said: () => last,
  };
}

function protocolOf(host: string): Protocol | null {
  const load = createRequire(host.endsWith(".js") ? host : `${host}/index.js`);
  try {
    return {
      engine_grpc_pb: load("../../proto/engine_grpc_pb"),
      engine_pb: load("../../proto/engine_pb"),
      grpc: load("@grpc/grpc-js"),
    };
  } catch {
    return null;
  }
}

function requestOf({ urn, severity, text, ephemeral }: EngineMessage, { engine_pb }: Protocol): LogRequest {
  const request = new engine_pb.LogRequest();
  request.setSeverity(engine_pb.LogSeverity[severity]);
  request.setMessage(text);
  request.setUrn(urn);
  request.setEphemeral(ephemeral);
  return request;
}

function send(client: Client, request: LogRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    client.log(request, { deadline: Date.now() + deadlineMs }, (error) =>
      error ? reject(error) : resolve(),
    );
  });
}
