import { alb } from "../edges/alb";
import { attributes } from "../edges/attributes";
import { ingressOf } from "../edges/ingress";
import { awsService } from "../../annotations";
import { nlbService } from "../edges/nlb";
import { routes } from "../edges/routes";
import { rule } from "../rule";

export const loadBalancersKeepClients = rule({
  name: "load-balancers-keep-clients",
  summary: "An AWS load balancer whose targets serve WebSockets keeps each client on its target.",
  why: "It spreads each client's reconnects and requests over all pods.",
  severity: "high",
  fix: "enable stickiness in the target group's attributes",
  scope: "stack",
  *subjects(resource, system) {
    const [leads] = routes(resource, system);
    if (leads === undefined) return;
    const ingress = ingressOf(resource, "alb");
    const service = nlbService(resource);
    if (ingress !== undefined)
      yield { of: ingress, annotation: alb.targetGroupAttributes, type: "lb_cookie" };
    if (service !== undefined)
      yield { of: service, annotation: awsService.targetGroupAttributes, type: "source_ip" };
  },
  *check({ of, annotation, type }) {
    // A listener that ends TLS has no stickiness, whatever its attributes say.
    if (type === "source_ip" && of.metadata?.annotations?.[awsService.certificate] !== undefined) return;
    const set = attributes(of.metadata?.annotations?.[annotation]);
    if (set["stickiness.enabled"] === "true" && set["stickiness.type"] === type) return;
    const shown = ["stickiness.enabled", "stickiness.type"].map(
      (name) => `${name} ${set[name] ?? "not set"}`,
    );
    yield {
      actual: `${annotation} has ${shown.join(", ")}`,
      fix: `add stickiness.enabled=true,stickiness.type=${type} to it`,
    };
  },
});
