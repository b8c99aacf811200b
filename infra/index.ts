import { loadConfig } from "./config";
import { deploy } from "./program";

export const { urls, namespace, watchRollout } = deploy(loadConfig());
