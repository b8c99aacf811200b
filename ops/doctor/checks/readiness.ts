import { readinessLeavesInTime } from "../../../infra/policy/rules/readiness-leaves-in-time";
import { ruledCheck } from "../ruled-check";

export const readiness = ruledCheck({
  name: "readiness",
  title: "A draining pod leaves the endpoints before its clients come back",
  rules: [readinessLeavesInTime],
  needs: ["deployments"],
  of: "deployments",
});
