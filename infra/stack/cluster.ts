import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";

/** The contexts of this machine's kubeconfig, as kubectl finds them. */
interface Kubeconfig {
  /** The files that were read. */
  readonly files: readonly string[];
  readonly contexts: readonly string[];
  /** Undefined where the files name none. */
  readonly current: string | undefined;
}

/** The stack is for another cluster than those of this machine's kubeconfig. Printed as its message alone. */
export class ContextError extends pulumi.RunError {
  readonly code = "HOLDFAST_CONTEXT";

  constructor(message: string) {
    super(message);
    this.name = "ContextError";
  }
}

/**
 * Checks, before the first resource, that this machine knows the cluster that the stack is for. The provider goes to the
 * context `kubernetes:context` whatever the current one is; with a context that is missing, it previews a stack as if
 * it were new. Where the stack names none, the current one is taken, and a warning says how to name it.
 */
export function checkCluster(): void {
  const provider = new pulumi.Config("kubernetes");
  // A kubeconfig of the stack's own is the provider's business.
  if (provider.get("kubeconfig") !== undefined) return;
  const kubeconfig = readKubeconfig(kubeconfigFiles(process.env, homedir()));
  if (kubeconfig === undefined) return; // A preview needs no cluster.
  const warning = contextWarning(pulumi.getStack(), provider.get("context"), kubeconfig);
  if (warning !== undefined) void pulumi.log.warn(warning);
}

/**
 * The warning for a stack that names no context; otherwise undefined. Throws {@link ContextError} where the
 * context is not in the kubeconfig. Pure.
 */
export function contextWarning(
  stack: string,
  context: string | undefined,
  { files, contexts, current }: Kubeconfig,
): string | undefined {
  const set = (name: string) => `pulumi config set kubernetes:context ${name} --stack ${stack}`;
  if (context === undefined) {
    if (current === undefined) return undefined;
    return (
      `stack ${stack} does not say which cluster it is for, so it goes to the current context, ${current}. ` +
      `Name it once, and a switch of contexts leads it nowhere else: ${set(current)}`
    );
  }
  if (contexts.includes(context)) return undefined;
  const known = contexts.length === 0 ? "no context" : contexts.join(", ");
  throw new ContextError(
    `stack ${stack} is for the context ${context} (kubernetes:context), but ${files.join(", ")} has ${known}. ` +
      `Add that cluster to your kubeconfig, or, if the same cluster has another name here, run: ${set("NAME")}`,
  );
}

/** Where kubectl and the provider look. */
export function kubeconfigFiles({ KUBECONFIG }: NodeJS.ProcessEnv, home: string): string[] {
  const named = (KUBECONFIG ?? "").split(path.delimiter).filter((file) => file !== "");
  return named.length > 0 ? named : [path.join(home, ".kube/config")];
}

/** The files merged, the first that names a current context wins; undefined where none can be read. */
export function readKubeconfig(candidates: readonly string[]): Kubeconfig | undefined {
  const found = candidates.flatMap((file) => {
    const content = readOne(file);
    return content === undefined ? [] : [{ file, ...content }];
  });
  if (found.length === 0) return undefined;
  return {
    files: found.map(({ file }) => file),
    contexts: found.flatMap(({ contexts }) => contexts),
    current: found.map(({ current }) => current).find((name) => name !== undefined),
  };
}

function readOne(file: string): Pick<Kubeconfig, "contexts" | "current"> | undefined {
  try {
    const content = parse(readFileSync(file, "utf8")) as {
      contexts?: { name?: string }[] | null;
      "current-context"?: string;
    } | null;
    const current = content?.["current-context"];
    return {
      contexts: (content?.contexts ?? []).flatMap(({ name }) => name ?? []),
      current: current === "" ? undefined : current,
    };
  } catch {
    // Missing, or not for us to judge: the provider says what is wrong with it.
    return undefined;
  }
}
