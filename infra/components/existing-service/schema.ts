import { flag, label, objectName, oneOf, serviceName, servicePath, whole } from "../../config/values";
import { argsSchema } from "../check-args";
import { endTimes, preStop, rollout } from "../websocket-service/schema";
import type { ExistingServiceArgs } from "./args";

export const existingServiceSchema = argsSchema<ExistingServiceArgs>({
  namespace: label,
  deploymentName: objectName,
  serviceName,
  containerName: serviceName,
  port: whole(1, 65_535),
  path: servicePath,
  protocol: oneOf("holdfast", "websocket", "socket.io"),
  preStop,
  ...endTimes,
  ...rollout,
  disruptionBudget: flag,
  force: flag,
});
