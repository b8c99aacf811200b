import { bool, label, objectName, enumOf, port, serviceName, servicePath } from "../../config/values";
import { argsSchema } from "../check-args";
import { endTimes, preStop, rollout } from "../websocket-service/schema";
import type { ExistingServiceArgs } from "./args";

export const existingServiceSchema = argsSchema<ExistingServiceArgs>({
  namespace: label,
  deploymentName: objectName,
  serviceName,
  containerName: serviceName,
  port,
  path: servicePath,
  protocol: enumOf("holdfast", "websocket", "socket.io"),
  preStop,
  ...endTimes,
  ...rollout,
  disruptionBudget: bool,
  force: bool,
});
