import { ConfigError, parseConfig, type Config } from "../../infra/config";

/** The least that a stack must say. */
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

/** Reads configuration as Pulumi hands it over: text, JSON where the value is structure. */
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

/** What is wrong with a configuration, a line each. */
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
