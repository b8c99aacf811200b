import { parseConfig, type Config } from "../../infra/config";
import { readStackConfig } from "../render/stack-config";

/** The stack, and where it runs. */
export interface StackSelection {
  readonly stack: string;
  /** The namespace, if the stack was deployed to another one than in its configuration. */
  readonly namespace?: string | undefined;
  /** The host that clients connect to, if it is another one. */
  readonly host?: string | undefined;
}

/** The checked configuration of a stack; secrets are placeholders. Throws ConfigError or StackFileError. */
export async function stackConfig({ stack, ...elsewhere }: StackSelection): Promise<Config> {
  const overrides = Object.fromEntries(Object.entries(elsewhere).filter(([, value]) => value !== undefined));
  const { values, secretKeys } = await readStackConfig(stack, overrides, (name) => `<secret: ${name}>`);
  return parseConfig({ stack, values, isSecret: (key) => secretKeys.includes(key), checkSecrets: false });
}
