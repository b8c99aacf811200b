import { join } from "node:path";
import { build } from "esbuild";

/** A ConfigMap holds 1 MiB with all that is around it. Bytes. */
const limit = 1_000_000;

/**
 * What a load pod runs, as one file for any image that holds Node.js 20 or newer. It comes from this checkout rather
 * than from the application's image, so that load and rehearsal speak alike whatever version is deployed, and no
 * image that serves users can put load on anything.
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
    // Optional accelerators of ws: absent, ws does without them.
    external: ["bufferutil", "utf-8-validate"],
    logLevel: "silent",
  });
  const script = outputFiles[0]?.text ?? "";
  if (script === "" || script.length > limit) {
    throw new Error(`the load's bundle has ${script.length} bytes; a ConfigMap takes 1 to ${limit}`);
  }
  return script;
}
