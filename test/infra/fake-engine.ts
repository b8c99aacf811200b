import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import * as grpc from "@grpc/grpc-js";
import { runtime } from "@pulumi/pulumi";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import {
  LogSeverity,
  SetRootResourceResponse,
  type LogRequest,
  type SetRootResourceRequest,
} from "@pulumi/pulumi/proto/engine_pb";
import { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";
import {
  RegisterPackageResponse,
  RegisterResourceResponse,
  SupportsFeatureResponse,
  type RegisterPackageRequest,
  type RegisterResourceOutputsRequest,
  type RegisterResourceRequest,
  type SupportsFeatureRequest,
} from "@pulumi/pulumi/proto/resource_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";

/**
 * Replaces the engine of the Pulumi CLI, so that tests can run the program as `pulumi up` does: the same Node.js process, the
 * same TypeScript loader, the same protocol. It creates nothing and answers each resource with its own inputs. To extend it,
 * answer another call of the monitor in `monitor`.
 */

/** A resource as the program registered it; secrets are still wrapped, as in the protocol. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** What the engine knows about it afterwards. */
  readonly state: Readonly<Record<string, unknown>>;
  /** How long the engine would wait for its creation, such as `5m`; empty for the provider's default. */
  readonly createTimeout: string;
  /** Inputs whose change creates a new object. */
  readonly replaceOnChanges: readonly string[];
  /** Whether it must be neither deleted nor replaced. */
  readonly protect: boolean;
}

export interface Run {
  readonly exitCode: number;
  /** The program's output, and the engine's messages without debugging. */
  readonly log: string;
  readonly registered: readonly Registered[];
  /** The stack's outputs. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

const root = path.resolve(__dirname, "../..");

export interface RunOptions {
  /** As in the first preview of a stack: values that a provider generates are not known yet. */
  readonly preview?: boolean;
  /** The project's name, which `pulumi new` may change. Default holdfast. */
  readonly project?: string;
}

/** Runs the program of this project, with the `main` of Pulumi.yaml, for a stack with this configuration. */
export async function runUnderEngine(
  stack: string,
  config: Readonly<Record<string, string>>,
  { preview = false, project = "holdfast" }: RunOptions = {},
): Promise<Run> {
  const registered: Registered[] = [];
  const logged: string[] = [];
  const outputs: Record<string, unknown> = {};
  const server = new grpc.Server();
  server.addService(ResourceMonitorService, monitor({ registered, outputs, preview }));
  server.addService(EngineService, engine(logged));
  const address = await listen(server);
  try {
    const loader = path.join(root, "node_modules/@pulumi/pulumi/cmd/run");
    const cwd = path.join(root, "infra/stack");
    const entry = "index.ts";
    const flags = { project, stack, parallel: "4", monitor: address, engine: address, pwd: cwd };
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
    if (preview) args.push("--dry-run");
    const child = spawn(process.execPath, [loader, ...args, entry], {
      cwd,
      env: {
        PATH: process.env.PATH,
        PULUMI_NODEJS_TYPESCRIPT: "true",
        PULUMI_NODEJS_PROJECT: project,
        PULUMI_NODEJS_STACK: stack,
        PULUMI_CONFIG: JSON.stringify(config),
        PULUMI_CONFIG_SECRET_KEYS: "[]",
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => logged.push(text));
    }
    const [exitCode] = (await once(child, "close")) as [number];
    return { exitCode, log: logged.join("\n"), registered, outputs };
  } finally {
    server.forceShutdown();
  }
}

async function listen(server: grpc.Server): Promise<string> {
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return `127.0.0.1:${port}`;
}

type Call<Request> = grpc.ServerUnaryCall<Request, unknown>;
type Answer<Response> = (error: null, response: Response) => void;

interface Monitored {
  readonly registered: Registered[];
  readonly outputs: Record<string, unknown>;
  readonly preview: boolean;
}

function monitor({ registered, outputs, preview }: Monitored): grpc.UntypedServiceImplementation {
  return {
    supportsFeature: ({ request }: Call<SupportsFeatureRequest>, answer: Answer<SupportsFeatureResponse>) => {
      // Outputs as values would have dependencies that no test reads.
      const response = new SupportsFeatureResponse();
      response.setHassupport(request.getId() !== "outputValues");
      answer(null, response);
    },
    registerPackage: (_: Call<RegisterPackageRequest>, answer: Answer<RegisterPackageResponse>) => {
      const response = new RegisterPackageResponse();
      response.setRef("package");
      answer(null, response);
    },
    registerResource: (
      { request }: Call<RegisterResourceRequest>,
      answer: Answer<RegisterResourceResponse>,
    ) => {
      const [type, name] = [request.getType(), request.getName()];
      const inputs = (request.getObject()?.toJavaScript() ?? {}) as Record<string, never>;
      const state = stateOf(type, name, inputs, preview);
      registered.push({
        type,
        name,
        inputs,
        state,
        createTimeout: request.getCustomtimeouts()?.getCreate() ?? "",
        replaceOnChanges: request.getReplaceonchangesList(),
        protect: request.getProtect() ?? false,
      });
      const response = new RegisterResourceResponse();
      response.setUrn(`urn:pulumi:test::holdfast::${type}::${name}`);
      response.setId(request.getCustom() ? idOf(type, name, preview) : "");
      response.setObject(Struct.fromJavaScript(state));
      answer(null, response);
    },
    registerResourceOutputs: ({ request }: Call<RegisterResourceOutputsRequest>, answer: Answer<Empty>) => {
      if (request.getUrn().includes("::holdfast::pulumi:pulumi:Stack::")) {
        Object.assign(outputs, request.getOutputs()?.toJavaScript());
      }
      answer(null, new Empty());
    },
    signalAndWaitForShutdown: (_: Call<Empty>, answer: Answer<Empty>) => answer(null, new Empty()),
  };
}

function engine(logged: string[]): grpc.UntypedServiceImplementation {
  return {
    log: ({ request }: Call<LogRequest>, answer: Answer<Empty>) => {
      if (request.getSeverity() !== LogSeverity.DEBUG) logged.push(request.getMessage());
      answer(null, new Empty());
    },
    setRootResource: (_: Call<SetRootResourceRequest>, answer: Answer<SetRootResourceResponse>) =>
      answer(null, new SetRootResourceResponse()),
  };
}

/** Wraps a value as a secret of the protocol. */
export function secret(value: unknown): Record<string, unknown> {
  return { [runtime.specialSigKey]: runtime.specialSecretSig, value };
}

/** A preview does not know the ids of AWS resources that do not exist yet; Kubernetes' provider knows all of its own. */
function idOf(type: string, name: string, preview: boolean): string {
  return preview && type.startsWith("aws:") ? "" : `${name}-id`;
}

/** Kubernetes' provider chooses names before it creates anything; a password exists only after its creation. */
function stateOf(
  type: string,
  name: string,
  inputs: Record<string, never>,
  preview: boolean,
): Record<string, never> {
  if (type.endsWith(":RandomPassword")) {
    return { ...inputs, result: secret(preview ? runtime.unknownValue : "generated") as never };
  }
  if (type.endsWith(":ReplicationGroup")) {
    const endpoint = preview ? runtime.unknownValue : `master.${name}.euc1.cache.amazonaws.com`;
    return { ...inputs, primaryEndpointAddress: endpoint as never };
  }
  if (!type.startsWith("kubernetes:")) return inputs;
  const metadata = { name: `${name}-1a2b3c4d`, ...(inputs.metadata as object | undefined) };
  return { ...inputs, metadata: metadata as never };
}
