import { asKind, type Resource } from "../resource";
import { rule, type Finding } from "../rule";
import { containers, type ContainerOf } from "../workload";

export const secretsByReference = rule({
  name: "secrets-by-reference",
  summary: "Secrets reach pods by reference to a Secret, never as text.",
  why: "Everyone who may list pods or ConfigMaps can read it, and it stays in their revisions, logs and backups.",
  severity: "critical",
  fix: "put it in a Secret, and refer to that by secretKeyRef or mount it",
  scope: "resource",
  *subjects(resource: Resource) {
    for (const container of containers(resource)) yield () => containerFindings(container);
    const data = asKind(resource, "ConfigMap")?.data ?? {};
    for (const key of Object.keys(data)) {
      yield function* () {
        if (looksSecret(key, data[key])) yield { actual: `data.${key} holds what looks like a secret` };
      };
    }
  },
  // The value itself is never shown.
  check: (findings) => findings(),
});

function* containerFindings({ container }: ContainerOf): Iterable<Finding> {
  for (const { name = "", value } of container.env ?? []) {
    if (looksSecret(name, value)) {
      yield {
        actual: `environment variable ${name} of container ${container.name} holds what looks like a secret`,
      };
    }
  }
  const words = [...(container.command ?? []), ...(container.args ?? [])];
  if (words.some((word, index) => isSecretArgument(word, words[index + 1]) || isSecretText(word))) {
    yield {
      actual: `an argument of container ${container.name} holds what looks like a secret`,
      fix: "pass it in an environment variable from a Secret; arguments are visible in every process list",
    };
  }
}

function looksSecret(name: string, value: string | undefined): boolean {
  if (value === undefined || value === "") return false;
  return secretName.test(name) || isSecretText(value);
}

/** Names of variables whose values are secret; `TOKEN_TTL_SECONDS` and `JWT_PUBLIC_KEY` do not match. */
const secretName =
  /(^|[_.-])(password|passwd|passphrase|secret|token|credentials?|api[_-]?key|private[_-]?key|access[_-]?key)$/i;

/** Text that is secret whatever its name: a URL with a password, a private key, a token, a password in a configuration file. */
function isSecretText(text: string): boolean {
  return secretTexts.some((pattern) => pattern.test(text));
}

const secretTexts: readonly RegExp[] = [
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:[^\s/@$]+@/i,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/,
  /\bAKIA[A-Z0-9]{16}\b/,
  // A variable that a shell or a template expands is a reference.
  /^\s*(requirepass|masterauth|primaryauth)\s+[^$\s]/m,
];

/** `--requirepass x` and `--password=x`, with x in plain text. */
function isSecretArgument(word: string, next: string | undefined): boolean {
  const [, name = "", value] = /^--?([\w.-]+)(?:=(.*))?$/.exec(word) ?? [];
  if (!/^(requirepass|masterauth|a)$/.test(name) && !secretName.test(name)) return false;
  if (name === "a" && word !== "-a") return false;
  const given = value ?? next ?? "";
  return given !== "" && !given.includes("$") && !given.startsWith("-");
}
