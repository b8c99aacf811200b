import { componentLabels } from "../labels";
import type { Resource } from "./resource";

/**
 * The environment of a stack. `local` is one machine, where one pod is enough and nothing ends TLS; `production` holds data that
 * nobody may delete by accident; `shared` is everything else.
 */
export type Environment = "local" | "shared" | "production";

/** The stacks of each environment; every other stack is `shared`. */
export interface StackNames {
  readonly local: readonly string[];
  readonly production: readonly string[];
}

export const defaultStackNames: StackNames = { local: ["local"], production: ["prod", "production"] };

export function environmentOf(stack: string, names: StackNames = defaultStackNames): Environment {
  if (names.local.includes(stack)) return "local";
  return names.production.includes(stack) ? "production" : "shared";
}

/** What rules see: the resources of one stack, or one resource if a rule needs no more. */
export interface System {
  readonly resources: readonly Resource[];
  readonly environment: Environment;
  /** Labels of the pods that serve WebSockets. */
  readonly webSocketLabels: Readonly<Record<string, string>>;
}

/** The program's labels of WebSocket pods. */
export const defaultWebSocketLabels = componentLabels("websocket-service");

export function systemOf(
  resources: readonly Resource[],
  {
    environment = "shared",
    webSocketLabels = defaultWebSocketLabels,
  }: Partial<Omit<System, "resources">> = {},
): System {
  return { resources, environment, webSocketLabels };
}
