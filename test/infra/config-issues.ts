import { ConfigError, parseConfig, type Config } from "../../infra/config";

/** The required keys of a stack. */
export const least = {
  namespace: "nova",
  host: "api.nova.social",
  image: "holdfast/app:0.1.0",
  services: [
    { name: "messaging-service", path: "/messaging", replicas: 3 },
    { name: "streaming-service", path: "/streaming", replicas: 3 },
  ],
  auth: { kind: "anonymous" },
};

/** Reads configuration as Pulumi passes it: text, JSON if the value is structure. */
export function load(values: Readonly<Record<string, unknown>>, secret: readonly string[] = []): Config {
  const text = Object.entries({ ...least, ...values }).map(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return parseConfig({
    stack: "test",
    values: Object.fromEntries(text) as Record<string, string>,
    isSecret: (key) => secret.includes(key),
  });
}

/** The issues of a configuration, one line each. */
export function issuesOf(
  values: Readonly<Record<string, unknown>>,
  secret: readonly string[] = [],
): string[] {
  try {
    load(values, secret);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.issues.map(
      ({ path, actual, expected }) => `${path} is ${actual ?? "missing"}, expected ${expected}`,
    );
  }
  return [];
}
