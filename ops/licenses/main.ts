import Table from "cli-table3";
import { readSbom, refused, shipped } from "./sbom";

/**
 * `npm run licenses`: prints the licence of each package in the image. The exit code is 1 if a licence is not on the list of
 * permitted ones. `npm run sbom`: prints the same as a CycloneDX document.
 */
async function main(args: readonly string[]): Promise<number> {
  const sbom = await readSbom();
  if (args.includes("--sbom")) {
    process.stdout.write(`${JSON.stringify(sbom, null, 2)}\n`);
    return 0;
  }
  const packages = shipped(sbom);
  const table = new Table({ head: ["package", "version", "licence"], style: { head: [], border: [] } });
  for (const { name, version, license } of packages) table.push([name, version, license || "none"]);
  process.stdout.write(`${table.toString()}\n`);
  const others = refused(packages);
  for (const { name, version, license } of others) {
    process.stderr.write(
      `licenses: ${name} ${version} has ${license || "no licence"}, which is not in ops/licenses/sbom.ts. ` +
        "Replace the package, or add its licence there once somebody has read it.\n",
    );
  }
  return others.length === 0 ? 0 : 1;
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`licenses: ${String(error)}\n`);
    process.exitCode = 1;
  },
);
