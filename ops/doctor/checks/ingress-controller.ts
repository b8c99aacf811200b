import type { Check } from "../check";
import { controllers, isOlder, type Controller } from "../controllers";
import { fail, ok, unknown, warn, type Finding } from "../finding";
import type { Snapshot } from "../snapshot";
import { isReady } from "../subjects";

/** The controller of IngressClasses whose Ingresses have ingress-nginx's annotations. */
const nginxControllerClass = "k8s.io/ingress-nginx";

export const ingressController: Check = {
  name: "ingress-controller",
  title: "A maintained controller serves the Ingresses and reads their annotations",
  needs: ["ingresses", "ingressClasses", "controllerPods", "controllerVersions"],
  judge: (snapshot) => {
    const classes = new Set(
      snapshot.objects.ingresses.map(
        ({ spec, metadata }) =>
          spec?.ingressClassName ?? metadata?.annotations?.["kubernetes.io/ingress.class"] ?? "",
      ),
    );
    return [...classes].flatMap((name) => judgeClass(snapshot, name));
  },
};

function judgeClass(snapshot: Snapshot, name: string): Finding[] {
  const subject = name === "" ? "the default IngressClass" : `IngressClass ${name}`;
  const found = snapshot.objects.ingressClasses.find(({ metadata }) =>
    name === ""
      ? metadata?.annotations?.["ingressclass.kubernetes.io/is-default-class"] === "true"
      : metadata?.name === name,
  );
  if (found === undefined) {
    return [
      fail(subject, {
        what: "the Ingresses name a class that does not exist",
        evidence: `IngressClasses: ${snapshot.objects.ingressClasses.map(({ metadata }) => metadata?.name ?? "").join(", ") || "none"}`,
        why: "no controller serves them, so nobody can connect from outside",
        fix: "holdfast:edge: { ingressClassName: … }, or holdfast:edge: { controller: traefik }, which installs a controller with its class",
      }),
    ];
  }
  const controllerClass = found.spec?.controller ?? "";
  // Another controller's class has other annotations.
  if (controllerClass !== nginxControllerClass) return [];
  const candidates = controllers(snapshot).filter(({ kind }) => kind.readsNginxAnnotations !== false);
  if (candidates.length === 0) {
    return [
      unknown(subject, {
        what: "found no known controller of the class in the cluster",
        evidence: `spec.controller: ${controllerClass}; no pod runs the image of a controller that reads its annotations`,
        why: "if none runs, nobody can connect from outside",
        fix: "holdfast:edge: { controller: traefik } installs one; if your controller has another image name, edge-cookie shows whether it works",
      }),
    ];
  }
  return candidates.map((controller) => judge(subject, controller));
}

function judge(subject: string, { kind, namespace, pods, version }: Controller): Finding {
  const ready = pods.filter(isReady).length;
  const evidence = `${kind.name} ${version ?? "of unknown version"} in namespace ${namespace}, ${ready} of ${pods.length} pods ready`;
  const move = "holdfast:edge: { controller: traefik }; docs/decisions/0015-edge-controller.md";
  if (ready === 0) {
    return fail(subject, {
      what: "no pod of its controller is ready",
      evidence,
      why: "nobody can connect from outside",
      fix: `kubectl -n ${namespace} describe pods`,
    });
  }
  if (kind.retired !== undefined) {
    return warn(subject, {
      what: `its controller is ${kind.retired.split(":")[0] ?? "retired"}`,
      evidence,
      why: kind.retired,
      fix: move,
    });
  }
  if (typeof kind.readsNginxAnnotations === "object") {
    const { since } = kind.readsNginxAnnotations;
    if (version === undefined) {
      return unknown(subject, {
        what: "its controller's version is unknown",
        evidence,
        why: `${kind.name} reads these annotations only since ${since}`,
        fix: "see edge-cookie and edge-stickiness, which test its behaviour",
      });
    }
    if (isOlder(version, since)) {
      return fail(subject, {
        what: "its controller is too old to read the affinity annotations",
        evidence: `${evidence}; they are read since ${since}`,
        why: "it sets no affinity cookie, and cuts idle sockets by its own defaults",
        fix: move,
      });
    }
  }
  return ok(subject, "is served by a maintained controller", evidence);
}
