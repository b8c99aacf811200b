import { newPodsProveThemselves } from "../../../infra/policy/rules/new-pods-prove-themselves";
import { rolloutKeepsCapacity } from "../../../infra/policy/rules/rollout-keeps-capacity";
import { ruledCheck } from "../ruled-check";

export const rolloutStrategy = ruledCheck({
  name: "rollout-strategy",
  title: "A rollout starts a pod before it stops another",
  rules: [rolloutKeepsCapacity, newPodsProveThemselves],
  needs: ["deployments"],
  of: "deployments",
});
