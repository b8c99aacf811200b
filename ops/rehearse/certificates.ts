import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { UsageError } from "./options";

/** The variable from which Node.js itself reads such certificates: https://nodejs.org/api/cli.html#node_extra_ca_certsfile */
const nodeVariable = "NODE_EXTRA_CA_CERTS";

/**
 * The PEM certificates that clients trust in addition to the usual ones: those of the file, and those that Node.js trusts on this
 * machine, because clients may run as pods. Undefined if there are none. Throws {@link UsageError} for a file without
 * certificates.
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
    // A private key in the same file must not be sent along.
    return certificates.map((pem) => new X509Certificate(pem).toString()).join("\n");
  } catch (cause) {
    throw new UsageError(`${from}: ${file} cannot be used: ${(cause as Error).message}`, { cause });
  }
}
