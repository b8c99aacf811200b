import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** An object from the API server, with the fields that the tests read. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** Runs kubectl on the cluster of KUBECONFIG; returns its output. Rejects with its error output. */
export async function kubectl(args: readonly string[], input?: string): Promise<string> {
  const running = run("kubectl", args, { maxBuffer: 64 * 2 ** 20 });
  if (input !== undefined) running.child.stdin?.end(input);
  try {
    return (await running).stdout;
  } catch (cause) {
    const { stderr = String(cause) } = cause as { stderr?: string };
    throw new Error(`kubectl ${args.join(" ")}: ${stderr.trim()}`, { cause });
  }
}

/** The same for `-o json`. The caller says which type it returns. */
export async function kubectlJson<T>(args: readonly string[]): Promise<T> {
  return JSON.parse(await kubectl([...args, "--output", "json"])) as T;
}

/**
 * Applies objects as a deployment does: the server merges them, and an unknown field is an error.
 *
 * @param options further options of kubectl, such as `--dry-run=server`
 */
export async function apply(objects: readonly Manifest[], ...options: string[]): Promise<string> {
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  const how = ["--server-side", "--validate=strict", "--field-manager=holdfast-e2e"];
  return kubectl(["apply", ...how, ...options, "--filename", "-"], list);
}

/** The address of a Service in the cluster. */
export async function clusterIp(namespace: string, name: string): Promise<string> {
  const { spec } = await kubectlJson<{ spec: { clusterIP: string } }>([
    ...["--namespace", namespace, "get", "service", name],
  ]);
  return spec.clusterIP;
}
