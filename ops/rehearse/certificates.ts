import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { UsageError } from "./options";

/** What Node.js itself reads such certificates from: https://nodejs.org/api/cli.html#node_extra_ca_certsfile */
const nodeVariable = "NODE_EXTRA_CA_CERTS";

/**
 * The PEM certificates that clients trust besides the usual ones: of the file, and of what Node.js trusts here, since
 * clients may run as pods, which know nothing of this machine. Undefined where there are none. Throws {@link UsageError}
 * for a file that holds none.
 */
export async function readCertificates(
  file: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const sources = [
    ...(file === undefined ? [] : [{ from: "--ca", file }]),
    ...(env[nodeVariable] === undefined ? [] : [{ from: nodeVariable, file: env[nodeVariable] }]),
  ];
  const texts = await Promise.all(sources.map(read));
  return texts.length === 0 ? undefined : texts.join("\n");
}

async function read({ from, file }: { readonly from: string; readonly file: string }): Promise<string> {
  try {
    const text = await readFile(file, "utf8");
    const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    if (certificates.length === 0) throw new Error("it contains no certificate in PEM form");
    // A key beside them must not travel along.
    return certificates.map((pem) => new X509Certificate(pem).toString()).join("\n");
  } catch (cause) {
    throw new UsageError(`${from}: ${file} cannot be used: ${(cause as Error).message}`, { cause });
  }
}
