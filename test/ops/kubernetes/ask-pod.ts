// A separate process, because jest cannot load the Kubernetes client, which is an ES module. Asks a pod for its metrics through
// the API server in the argument, and prints the result.
import { KubeConfig } from "@kubernetes/client-node";
import { getFromPod } from "../../../ops/kubernetes/pod-http";
import type { Api } from "../../../ops/kubernetes/api";

const config = new KubeConfig();
// The library uses HTTP without TLS only if it need not check certificates.
const cluster = { name: "test", server: process.argv[2] ?? "", skipTLSVerify: true };
config.loadFromClusterAndUser(cluster, { name: "test" });
getFromPod({ config } as Api, { namespace: "nova", pod: "pod-1", port: 9090 }, "/metrics").then(
  (body) => console.log(body),
  (error: unknown) => console.log((error as Error).message),
);
