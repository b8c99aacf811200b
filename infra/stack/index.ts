import { checkCluster } from "./cluster";
import { loadConfig } from "./load-config";
import { deploy } from "./program";

const config = loadConfig();
checkCluster();
// The program returns the stack's outputs; not every stack has all of them.
export = deploy(config);
