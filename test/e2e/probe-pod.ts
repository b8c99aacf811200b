import { apply, kubectl } from "./kubectl";
import { readSurroundings } from "./surroundings";

/** The outcome of a connection. `silent`: a NetworkPolicy blocks it. `refused`: nothing listens. */
export type Outcome = "open" | "refused" | "silent" | "unknown name";

/** How long no answer counts as silence. Connections inside a cluster take milliseconds. */
const silentMs = 2_000;

/** Runs in the pod: prints the outcome for each given `host:port`. */
const script = `
const { connect } = require("node:net");
const reach = (target) => new Promise((resolve) => {
  const [host, port] = target.split(":");
  const socket = connect({ host, port: Number(port), timeout: ${silentMs} });
  const end = (outcome) => { socket.destroy(); resolve([target, outcome]); };
  socket.on("connect", () => end("open"));
  socket.on("timeout", () => end("silent"));
  socket.on("error", ({ code }) => end({ ECONNREFUSED: "refused", ETIMEDOUT: "silent" }[code] ?? "unknown name"));
});
Promise.all(process.argv.slice(1).map(reach)).then((all) => {
  console.log(JSON.stringify(Object.fromEntries(all)));
  process.exit();
});`;

/** Tries to connect from a pod to each `host:port`. The pod's image must contain node, as the application's does. */
export async function reach(
  namespace: string,
  pod: string,
  ...targets: readonly string[]
): Promise<Record<string, Outcome>> {
  const out = await kubectl(["--namespace", namespace, "exec", pod, "--", "node", "-e", script, ...targets]);
  return JSON.parse(out) as Record<string, Outcome>;
}

/**
 * Starts a pod that only waits for commands; resolves once it accepts them. Pod Security `restricted` admits it, unless its spec
 * requires more.
 */
export async function startProbePod(
  namespace: string,
  name: string,
  spec: object = {},
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  const idle = {
    name: "idle",
    image: readSurroundings().images.app,
    imagePullPolicy: "IfNotPresent",
    command: ["node", "-e", "setInterval(() => undefined, 1_000_000)"],
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
  };
  await apply([
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace, labels },
      spec: {
        containers: [idle],
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 0,
        securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
        ...spec,
      },
    },
  ]);
  await kubectl(["--namespace", namespace, "wait", "--for=condition=Ready", `pod/${name}`, "--timeout=60s"]);
}
