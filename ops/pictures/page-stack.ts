import { type RenderOptions, renderStack } from "../render/render";
import { generatedSecrets, LocalStack } from "../start/local-stack";

/** A stack with the page, and the page's address at the edge. */
export interface PageStack {
  readonly stack: LocalStack;
  readonly url: string;
}

export interface PageStackOptions {
  /** The name of the directory with the pods' logs. */
  readonly name: string;
  readonly replicas: number;
  readonly overrides?: RenderOptions["overrides"];
}

/** Starts the stack `local` with one service, on a free port. The application must be built. End it with `stack.stop()`. */
export async function startPageStack({ name, replicas, overrides }: PageStackOptions): Promise<PageStack> {
  const secrets = generatedSecrets();
  const services = [{ name: "messaging-service", path: "/messaging", replicas }];
  const objects = await renderStack("local", { secrets, overrides: { services, ...overrides } });
  const stack = await LocalStack.start({ objects, redisPassword: secrets("redis-password"), name });
  try {
    await stack.rolledOut();
  } catch (error) {
    await stack.stop({ force: true });
    throw error;
  }
  return { stack, url: `http://localhost:${stack.cluster.edgePort ?? 0}/messaging/` };
}
