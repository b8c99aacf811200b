import { attach, type Attachment } from "../../kubernetes/attach";
import { ask, type KubernetesClient } from "../../kubernetes/client";
import { Calls } from "../../process/calls";
import { bundleLoad } from "../load/bundle";
import type { LoadMethods } from "../load/generator";
import type { RemoteLoad } from "../load/generators";
import { loadContainer, loadPod, loadPolicies, loadScript, type LoadPodsArgs } from "./load-objects";
import { type WaitOptions, until } from "./until";

/** The load as pods of the stack's namespace: to a Service, each has its own client address. */
export class LoadPods {
  readonly loads: readonly RemoteLoad[];
  readonly #attachments: readonly Attachment[];

  private constructor(attachments: readonly Attachment[]) {
    this.#attachments = attachments;
    this.loads = attachments.map(({ channel, ended }) => {
      const calls = new Calls<LoadMethods>(channel);
      void ended.then((why) => calls.end(why));
      return calls;
    });
  }

  /** Everything that it creates has the rehearsal's label, by which it is deleted. */
  static async start(
    client: KubernetesClient,
    args: LoadPodsArgs,
    waitOptions: WaitOptions,
  ): Promise<LoadPods> {
    const { core, networking } = client;
    const { namespace } = args.stack;
    const script = await bundleLoad();
    await ask(
      "create the ConfigMap of the load's script",
      core.createNamespacedConfigMap({
        namespace,
        body: loadScript(args, script),
      }),
    );
    for (const body of loadPolicies(args)) {
      const what = `create NetworkPolicy ${body.metadata?.name ?? ""}`;
      await ask(what, networking.createNamespacedNetworkPolicy({ namespace, body }));
    }
    const names = Array.from({ length: args.count }, (_, index) => `load-${index}`);
    const attachments = await Promise.all(
      names.map(async (name) => {
        const body = loadPod(args, name);
        const pod = body.metadata?.name ?? "";
        waitOptions.signal.throwIfAborted();
        await ask(`create pod ${pod}`, core.createNamespacedPod({ namespace, body }));
        let state = "";
        await until(
          `pod ${pod} runs`,
          waitOptions,
          async () => {
            const { status } = await ask(`read pod ${pod}`, core.readNamespacedPod({ namespace, name: pod }));
            const waiting = status?.containerStatuses?.[0]?.state?.waiting;
            const unscheduled = status?.conditions?.find((condition) => condition.status === "False");
            state = [waiting?.reason, waiting?.message, unscheduled?.message].filter(Boolean).join(": ");
            if (status?.phase === "Failed")
              throw new Error(`pod ${pod} has failed: ${status.message ?? state}`);
            return status?.containerStatuses?.[0]?.state?.running;
          },
          () => state,
        );
        return attach(client, namespace, pod, loadContainer);
      }),
    );
    return new LoadPods(attachments);
  }

  /** The processes see the end of their input and stop. */
  close(): void {
    for (const attachment of this.#attachments) attachment.close();
  }
}
