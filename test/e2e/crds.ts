import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The definitions of custom kinds, from the Go module that defines them. */
interface CrdSource {
  /** The API group that they add. */
  readonly group: string;
  readonly module: string;
  /** The paths in the module. */
  readonly files: readonly string[];
  /** The kinds in these files that a stack creates. */
  readonly kinds: readonly string[];
}

/** The versions for which the program is written; docs/decisions/0017-gateway-api.md explains the experimental channel. */
const sources: readonly CrdSource[] = [
  {
    group: "gateway.networking.k8s.io",
    module: "sigs.k8s.io/gateway-api@v1.6.1",
    files: ["gateways", "httproutes"].map(
      (kind) => `config/crd/experimental/gateway.networking.k8s.io_${kind}.yaml`,
    ),
    kinds: ["Gateway", "HTTPRoute"],
  },
  {
    group: "gateway.envoyproxy.io",
    module: "github.com/envoyproxy/gateway@v1.9.1",
    files: [
      "charts/gateway-helm/charts/crds/crds/generated/gateway.envoyproxy.io_backendtrafficpolicies.yaml",
    ],
    kinds: ["BackendTrafficPolicy"],
  },
  {
    group: "networking.istio.io",
    module: "istio.io/api@v1.31.4",
    files: ["kubernetes/customresourcedefinitions.gen.yaml"],
    kinds: ["DestinationRule", "Gateway", "VirtualService"],
  },
  {
    group: "keda.sh",
    module: "github.com/kedacore/keda/v2@v2.21.0",
    files: ["config/crd/bases/keda.sh_scaledobjects.yaml"],
    kinds: ["ScaledObject"],
  },
];

/** The definitions of an API group on this machine, or the reason why they are missing. */
export interface Crds {
  readonly group: string;
  readonly files: readonly string[];
  readonly kinds: readonly string[];
  /** Why there are no files; undefined if there are. */
  readonly missing?: string;
}

/** Fetches all definitions into Go's module cache, which also has what was fetched earlier. Never rejects. */
export function fetchCrds(): Promise<Crds[]> {
  return Promise.all(sources.map(fetchSource));
}

async function fetchSource({ group, module, files, kinds }: CrdSource): Promise<Crds> {
  try {
    // Runs in a folder without a go.mod, so that no other module's versions matter.
    const { stdout } = await run("go", ["mod", "download", "-json", module], {
      cwd: tmpdir(),
      timeout: 120_000,
    });
    const { Dir } = JSON.parse(stdout) as { Dir: string };
    return { group, kinds, files: files.map((file) => path.join(Dir, file)) };
  } catch (error) {
    const { code, stdout = "", message } = error as { code?: unknown; stdout?: string; message: string };
    // if go could run at all, its output says what went wrong
    const said = stdout.trim() === "" ? message : stdout.trim();
    const reason = code === "ENOENT" ? "there is no go on the PATH" : said;
    return { group, kinds, files: [], missing: `the module ${module} could not be had: ${reason}` };
  }
}
