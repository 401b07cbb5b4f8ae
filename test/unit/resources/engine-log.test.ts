import { createRequire } from "node:module";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { engineLog } from "../../../provider/resources/engine-log.js";
import { repositoryRoot } from "../../../tools/paths.js";

const host = path.join(repositoryRoot, "node_modules/@pulumi/pulumi/cmd/dynamic-provider/index.js");
const load = createRequire(host);
const grpc = load("@grpc/grpc-js");
const { EngineService } = load("../../proto/engine_grpc_pb");
const { Empty } = load("google-protobuf/google/protobuf/empty_pb");

type Call = { request: { toObject(): Record<string, unknown> } };
type Done = (error: unknown, reply?: unknown) => void;

/** The engine's side of its log, over the engine's own protocol. */
class Engine {
  readonly heard: Record<string, unknown>[] = [];
  refuses = false;
  address = "";
  private readonly server = new grpc.Server();

  async start(): Promise<void> {
    const log = (call: Call, done: Done) => {
      if (this.refuses) return done({ code: grpc.status.UNAVAILABLE });
      this.heard.push(call.request.toObject());
      done(null, new Empty());
    };
    this.server.addService(EngineService, { log });
    const port = await new Promise<number>((resolve, reject) =>
      this.server.bindAsync(
        "127.0.0.1:0",
        grpc.ServerCredentials.createInsecure(),
        (error: unknown, found: number) => (error ? reject(error) : resolve(found)),
      ),
    );
    this.address = `127.0.0.1:${port}`;
  }

  stop(): void {
    this.server.forceShutdown();
  }
}

describe("the engine's log", () => {
  let engine: Engine;
  beforeEach(async () => {
    engine = new Engine();
    await engine.start();
  });
  afterEach(() => engine.stop());
  const urn = "urn:pulumi:prod::infra::pulumi-nodejs:dynamic/vgpu:VgpuHost::gpu-01";
  const never = () => expect.unreachable();

  it("gets each message with its resource, its severity and whether it passes, in order", async () => {
    const log = engineLog(host, engine.address);
    log?.say({ urn, severity: "INFO", text: "2 steps\n  1 claim-host", ephemeral: false }, never);
    log?.say({ urn, severity: "WARNING", text: "no dkms", ephemeral: false }, never);
    log?.say({ urn, severity: "INFO", text: "step 1 of 2", ephemeral: true }, never);
    await log?.said();
    expect(engine.heard).toEqual([
      { severity: 1, message: "2 steps\n  1 claim-host", urn, streamid: 0, ephemeral: false },
      { severity: 2, message: "no dkms", urn, streamid: 0, ephemeral: false },
      { severity: 1, message: "step 1 of 2", urn, streamid: 0, ephemeral: true },
    ]);
  });

  it("gives back what the engine does not take", async () => {
    const log = engineLog(host, engine.address);
    engine.refuses = true;
    let left = 0;
    const otherwise = () => {
      left += 1;
    };
    log?.say({ urn, severity: "INFO", text: "a", ephemeral: false }, otherwise);
    await log?.said();
    engine.stop();
    log?.say({ urn, severity: "INFO", text: "b", ephemeral: false }, otherwise);
    await log?.said();
    expect(left).toBe(2);
  });

  it.each([
    ["a process that is no provider host", "/usr/bin/node", "127.0.0.1:1"],
    ["a test", path.join(repositoryRoot, "node_modules/.bin/vitest"), "run"],
    ["a provider host without the engine's address", host, undefined],
    ["something else in its place", host, "--inspect"],
  ])("is not there in %s", (_title, program, address) => {
    expect(engineLog(program, address)).toBeNull();
  });
});
