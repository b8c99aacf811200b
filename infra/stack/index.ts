import { checkCluster } from "./cluster";
import { loadConfig } from "./load-config";
import { deploy } from "./program";

const config = loadConfig();
checkCluster();
// The stack's outputs are what the program returns: not each stack has all of them.
export = deploy(config);
