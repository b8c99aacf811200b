import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { removeTemporaryDirectory, temporaryDirectory } from "../../../ops/process/temporary-directory";

const run = promisify(execFile);

/** A private authority and a certificate of it, created by openssl in a temporary directory. */
export class Certificates {
  readonly #directory = temporaryDirectory("holdfast-tls-");

  /** Only `create` returns a complete one. */
  private constructor(private readonly name: string) {}

  /** @param name the name in the certificate; with `*.` before it, any name below */
  static async create(name = "localhost"): Promise<Certificates> {
    const made = new Certificates(name);
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    const authority = ["-keyout", made.#file("ca.key"), "-out", made.authority];
    const server = ["-keyout", made.#file("redis.key"), "-out", made.#file("redis.crt")];
    const issuer = ["-CA", made.authority, "-CAkey", made.#file("ca.key")];
    const names = ["-addext", `subjectAltName=DNS:${name}`];
    await run("openssl", ["req", "-x509", ...key, "-subj", "/CN=holdfast test", ...authority]);
    await run("openssl", ["req", "-x509", ...key, "-subj", `/CN=${name}`, ...issuer, ...names, ...server]);
    return made;
  }

  /** The file of the authority's certificate. */
  get authority(): string {
    return this.#file("ca.crt");
  }

  /** For Node's TLS: the trusted authority, and the name of the servers. */
  get trust(): { readonly ca: Buffer; readonly servername: string } {
    return { ca: readFileSync(this.authority), servername: this.name.replace("*", "any") };
  }

  /** For a server in this process. */
  get server(): { readonly cert: Buffer; readonly key: Buffer } {
    return { cert: readFileSync(this.#file("redis.crt")), key: readFileSync(this.#file("redis.key")) };
  }

  /** Lines of redis.conf: TLS on this port, and no plain port. */
  config(port: number): string[] {
    return [
      "port 0",
      `tls-port ${port}`,
      `tls-cert-file ${this.#file("redis.crt")}`,
      `tls-key-file ${this.#file("redis.key")}`,
      `tls-ca-cert-file ${this.authority}`,
      "tls-auth-clients no",
      "tls-replication yes",
    ];
  }

  remove(): void {
    removeTemporaryDirectory(this.#directory);
  }

  #file(name: string): string {
    return join(this.#directory, name);
  }
}
