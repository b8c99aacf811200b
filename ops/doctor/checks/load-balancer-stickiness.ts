import { loadBalancerAnnotationsCount } from "../../../infra/policy/rules/load-balancer-annotations-count";
import { loadBalancersKeepClients } from "../../../infra/policy/rules/load-balancers-keep-clients";
import { preStopOutlastsDeregistration } from "../../../infra/policy/rules/prestop-outlasts-deregistration";
import { targetsSurviveAMissedProbe } from "../../../infra/policy/rules/targets-survive-a-missed-probe";
import { isAwsLoadBalancer } from "../aws";
import type { Check } from "../check";
import { isAlb } from "../idle-timeouts";
import { ruledCheck } from "../ruled-check";

const ruled = ruledCheck({
  name: "load-balancer-stickiness",
  title: "AWS load balancers keep clients on their pods, and pods stay targets while they serve",
  rules: [
    loadBalancersKeepClients,
    loadBalancerAnnotationsCount,
    preStopOutlastsDeregistration,
    targetsSurviveAMissedProbe,
  ],
  needs: ["services", "ingresses", "deployments"],
  of: "services",
});

export const loadBalancerStickiness: Check = {
  ...ruled,
  judge: (snapshot) => {
    const { services, ingresses } = snapshot.objects;
    return services.some(isAwsLoadBalancer) || ingresses.some(isAlb) ? ruled.judge(snapshot) : [];
  },
};
