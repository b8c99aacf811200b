import { edgeCookiesDoNotCollide } from "../../../infra/policy/rules/edge-cookies-do-not-collide";
import { ruledCheck } from "../ruled-check";

export const cookieCollisions = ruledCheck({
  name: "cookie-collisions",
  title: "Services under one host have different cookies",
  rules: [edgeCookiesDoNotCollide],
  // An affinity cookie counts only if it leads to pods that serve WebSockets.
  needs: ["ingresses", "services", "deployments"],
  of: "ingresses",
});
