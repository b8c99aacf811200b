import { parseConfig, type Config } from "../../infra/config";
import { readStackConfig } from "../render/stack-config";

/** Which stack is meant, and where it runs. */
export interface StackSelection {
  readonly stack: string;
  /** Where it was deployed to another namespace than its configuration says. */
  readonly namespace?: string | undefined;
  /** The host that clients connect to, where it is another. */
  readonly host?: string | undefined;
}

/** The configuration of a stack, checked; secrets are placeholders. Throws ConfigError or StackFileError. */
export async function stackConfig({ stack, ...elsewhere }: StackSelection): Promise<Config> {
  const overrides = Object.fromEntries(Object.entries(elsewhere).filter(([, value]) => value !== undefined));
  const { values, secretKeys } = await readStackConfig(stack, overrides, (name) => `<secret: ${name}>`);
  return parseConfig({ stack, values, isSecret: (key) => secretKeys.includes(key), checkSecrets: false });
}
