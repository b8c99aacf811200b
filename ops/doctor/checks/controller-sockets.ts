import type { Config } from "../../../infra/config";
import type { Check } from "../check";
import { ok, unknown, warn, type Finding } from "../finding";
import { nginxControllers, shutdownSettings, type NginxController } from "../nginx-controller";
import type { Snapshot } from "../snapshot";
import { ingressEdge } from "../subjects";

/**
 * Only for ingress-nginx: it starts new processes for a new configuration, and ends the old ones with their sockets. Traefik
 * loads a new configuration into the running process.
 */
export const controllerSockets: Check = {
  name: "controller-sockets",
  title: "ingress-nginx keeps sockets when it reloads, and serves as long as it gets clients",
  needs: ["ingresses", "controllerPods", "controllerConfigs"],
  judge: (snapshot) =>
    ingressEdge(snapshot.config) === undefined || snapshot.objects.ingresses.length === 0
      ? []
      : nginxControllers(snapshot).flatMap((controller) => judge(snapshot, controller)),
};

function judge({ config }: Snapshot, controller: NginxController): Finding[] {
  const subject = `ingress-nginx in namespace ${controller.namespace}`;
  return [reload(subject, controller, timeoutSeconds(config)), shutdown(subject, controller)];
}

/** How long a silent socket may stay open. An open socket must live at least as long. Seconds. */
function timeoutSeconds({ edge }: Config): number {
  const usual = 3_600;
  if (edge.kind === "nginx") return edge.timeoutSeconds;
  return edge.kind === "nlb" ? (edge.nginx?.timeoutSeconds ?? usual) : usual;
}

function reload(subject: string, controller: NginxController, expectedSeconds: number): Finding {
  const { configMap } = controller;
  const key = "worker-shutdown-timeout";
  const fix =
    configMap === undefined
      ? `start the controller with --configmap, and set ${key}: "${expectedSeconds}s" there`
      : `kubectl -n ${configMap.namespace} patch configmap ${configMap.name} --type merge -p '{"data":{"${key}":"${expectedSeconds}s"}}' (which itself reloads once)`;
  const why =
    "any change of any Ingress in the cluster reloads nginx, and cuts all open sockets that long after";
  if (configMap !== undefined && configMap.data === undefined) {
    return unknown(subject, {
      what: "the controller's ConfigMap was not found",
      evidence: `no ConfigMap ${configMap.namespace}/${configMap.name} with the label app.kubernetes.io/name: ingress-nginx`,
      why,
      fix: `check that it has ${key}: "${expectedSeconds}s": kubectl -n ${configMap.namespace} get configmap ${configMap.name} --output yaml`,
    });
  }
  const { reloadSeconds, reloadShown } = shutdownSettings(controller);
  const evidence = `${key}: ${reloadShown}; holdfast:edge.timeoutSeconds: ${expectedSeconds}`;
  if (reloadSeconds === undefined || reloadSeconds >= expectedSeconds) {
    return ok(subject, "keeps sockets through a reload", evidence);
  }
  return warn(subject, { what: `a reload cuts every socket after ${reloadSeconds} s`, evidence, why, fix });
}

function shutdown(subject: string, controller: NginxController): Finding {
  const { graceSeconds } = shutdownSettings(controller);
  const evidence = `--shutdown-grace-period: ${graceSeconds ?? "not given, so 0"}`;
  if ((graceSeconds ?? 0) > 0)
    return ok(subject, "serves on while load balancers still send clients", evidence);
  return warn(subject, {
    what: "a terminating controller pod refuses clients at once",
    evidence,
    why: "what routes clients to it notices its end seconds later, an NLB up to two minutes later: until then clients are refused",
    fix: "add the argument --shutdown-grace-period=10, 120 behind an NLB (helm: controller.extraArgs.shutdown-grace-period)",
  });
}
