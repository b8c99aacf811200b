import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import * as grpc from "@grpc/grpc-js";
import { AnalyzerClient } from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import {
  AnalyzeRequest,
  AnalyzeStackRequest,
  AnalyzerResource,
  AnalyzerResourceOptions,
  type AnalyzeDiagnostic,
  type AnalyzeResponse,
  type AnalyzerInfo,
} from "@pulumi/pulumi/proto/analyzer_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { projectRoot } from "../../../ops/render/stacks";

/** A resource as the engine describes it to a policy pack. */
export interface Described {
  readonly type: string;
  readonly name: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly protect?: boolean;
}

/** A violation that the pack reported for a resource or a stack. */
export interface Said {
  readonly policy: string;
  readonly message: string;
  /** The number in analyzer.proto: 0 advisory, 1 mandatory. */
  readonly level: number;
  readonly urn: string;
}

/**
 * The pack as Pulumi's engine starts it, in a separate process: `cmd/run-policy-pack` with the engine's address and the pack's
 * folder, in which it runs. Its first line of output is its port.
 * https://github.com/pulumi/pulumi/blob/v3.241.0/sdk/nodejs/cmd/pulumi-language-nodejs/main.go (RunPlugin)
 */
export class PolicyProcess {
  readonly #child: ChildProcess;
  readonly #client: AnalyzerClient;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.#client = new AnalyzerClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  }

  /** Throws with the process' output if it ends before it serves. */
  static async start(pack = path.join(projectRoot, "infra/policy")): Promise<PolicyProcess> {
    const runner = path.join(projectRoot, "node_modules/@pulumi/pulumi/cmd/run-policy-pack");
    // Nothing listens there, because a pack requests nothing from the engine.
    const child = spawn(process.execPath, [runner, "127.0.0.1:1", pack], {
      cwd: pack,
      env: { PATH: process.env.PATH },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let complaints = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
    const lines = createInterface({ input: child.stdout });
    const line = await Promise.race([
      once(lines, "line").then(([text]) => String(text)),
      once(child, "close").then(() => undefined),
    ]);
    if (line === undefined || !/^\d+$/.test(line)) {
      child.kill();
      throw new Error(`the policy pack did not start: ${line ?? ""}\n${complaints}`);
    }
    return new PolicyProcess(child, Number(line));
  }

  async stop(): Promise<void> {
    this.#client.close();
    const closed = once(this.#child, "close");
    this.#child.kill();
    await closed;
  }

  info(): Promise<AnalyzerInfo> {
    return new Promise((resolve, reject) => {
      this.#client.getAnalyzerInfo(new Empty(), (error, info) =>
        error === null ? resolve(info) : reject(error),
      );
    });
  }

  /** Before a resource is created, with its inputs. */
  analyze(stack: string, described: Described): Promise<Said[]> {
    const request = new AnalyzeRequest();
    describe(request, stack, described);
    return new Promise((resolve, reject) => {
      this.#client.analyze(request, (error, response) =>
        error === null ? resolve(said(response)) : reject(error),
      );
    });
  }

  /** At the end of a preview or an update, with the outputs of all resources. */
  analyzeStack(stack: string, all: readonly Described[]): Promise<Said[]> {
    const request = new AnalyzeStackRequest();
    request.setResourcesList(
      all.map((one) => {
        const resource = new AnalyzerResource();
        describe(resource, stack, one);
        return resource;
      }),
    );
    return new Promise((resolve, reject) => {
      this.#client.analyzeStack(request, (error, response) =>
        error === null ? resolve(said(response)) : reject(error),
      );
    });
  }
}

/** The URN that Pulumi gives to the resource. */
export function urnOf(stack: string, { type, name }: Pick<Described, "type" | "name">): string {
  return `urn:pulumi:${stack}::holdfast::${type}::${name}`;
}

function describe(into: AnalyzeRequest | AnalyzerResource, stack: string, one: Described): void {
  into.setType(one.type);
  into.setName(one.name);
  into.setUrn(urnOf(stack, one));
  into.setProperties(Struct.fromJavaScript(one.properties as Record<string, never>));
  const options = new AnalyzerResourceOptions();
  options.setProtect(one.protect ?? false);
  into.setOptions(options);
}

function said(response: AnalyzeResponse): Said[] {
  return response.getDiagnosticsList().map((diagnostic: AnalyzeDiagnostic) => ({
    policy: diagnostic.getPolicyname(),
    message: diagnostic.getMessage(),
    level: diagnostic.getEnforcementlevel(),
    urn: diagnostic.getUrn(),
  }));
}
