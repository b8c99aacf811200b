import { join } from "node:path";
import { build } from "esbuild";

/** A ConfigMap holds at most 1 MiB, including everything around the data. Bytes. */
const limit = 1_000_000;

/**
 * Builds the program of a load pod, as one file for any image with Node.js 20 or newer. It comes from this checkout, not from the
 * application's image, so that load and rehearsal always have the same version, and images for users contain no load generator.
 */
export async function bundleLoad(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(__dirname, "pod.ts")],
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    minify: true,
    write: false,
    // Optional accelerators of ws; ws works without them.
    external: ["bufferutil", "utf-8-validate"],
    logLevel: "silent",
  });
  const script = outputFiles[0]?.text ?? "";
  if (script === "" || script.length > limit) {
    throw new Error(`the load's bundle has ${script.length} bytes; a ConfigMap takes 1 to ${limit}`);
  }
  return script;
}
