import { componentLabels } from "../labels";
import type { Resource } from "./resource";

/**
 * What a stack is for. `local` is one machine, where one pod is enough and nothing ends TLS; `production` holds data
 * that nobody may delete by accident; `shared` is all else.
 */
export type Environment = "local" | "shared" | "production";

/** Stacks by what they are for; every other stack is `shared`. */
export interface StackNames {
  readonly local: readonly string[];
  readonly production: readonly string[];
}

export const defaultStackNames: StackNames = { local: ["local"], production: ["prod", "production"] };

export function environmentOf(stack: string, names: StackNames = defaultStackNames): Environment {
  if (names.local.includes(stack)) return "local";
  return names.production.includes(stack) ? "production" : "shared";
}

/** All that rules see of one stack, or of one resource where a rule needs no more. */
export interface System {
  readonly resources: readonly Resource[];
  readonly environment: Environment;
  /** Labels of the pods that serve WebSockets. */
  readonly webSocketLabels: Readonly<Record<string, string>>;
}

/** What the program labels its WebSocket pods with. */
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
