import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";

/** The contexts of this machine's kubeconfig, found as kubectl finds them. */
interface Kubeconfig {
  /** The files that were read. */
  readonly files: readonly string[];
  readonly contexts: readonly string[];
  /** Undefined if the files name none. */
  readonly current: string | undefined;
}

/** The stack's cluster is not in this machine's kubeconfig. Pulumi prints only its message. */
export class ContextError extends pulumi.RunError {
  readonly code = "HOLDFAST_CONTEXT";

  constructor(message: string) {
    super(message);
    this.name = "ContextError";
  }
}

/**
 * Checks, before the first resource, that this machine knows the stack's cluster. The provider uses the context
 * `kubernetes:context`, whatever the current one is. If that context is missing, it previews the stack as if it were new. If the
 * stack names no context, the current one is used, and a warning says how to name it.
 */
export function checkCluster(): void {
  const provider = new pulumi.Config("kubernetes");
  // If the stack has its own kubeconfig, the provider checks it.
  if (provider.get("kubeconfig") !== undefined) return;
  const kubeconfig = readKubeconfig(kubeconfigFiles(process.env, homedir()));
  if (kubeconfig === undefined) return; // A preview needs no cluster.
  const warning = contextWarning(pulumi.getStack(), provider.get("context"), kubeconfig);
  if (warning !== undefined) void pulumi.log.warn(warning);
}

/**
 * The warning for a stack that names no context; otherwise undefined. Throws {@link ContextError} if the context is not in the
 * kubeconfig. Pure.
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
      `Name the context, so that the stack always uses this cluster: ${set(current)}`
    );
  }
  if (contexts.includes(context)) return undefined;
  const known = contexts.length === 0 ? "no context" : contexts.join(", ");
  throw new ContextError(
    `stack ${stack} is for the context ${context} (kubernetes:context), but ${files.join(", ")} has ${known}. ` +
      `Add that cluster to your kubeconfig, or, if the same cluster has another name here, run: ${set("NAME")}`,
  );
}

/** The paths where kubectl and the provider look. */
export function kubeconfigFiles({ KUBECONFIG }: NodeJS.ProcessEnv, home: string): string[] {
  const named = (KUBECONFIG ?? "").split(path.delimiter).filter((file) => file !== "");
  return named.length > 0 ? named : [path.join(home, ".kube/config")];
}

/** Merges the files; the first current context wins. Undefined if no file can be read. */
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
    // The file is missing or malformed: the provider reports the error.
    return undefined;
  }
}
