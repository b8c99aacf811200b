import { loadConfig } from "../config";
import { deploy } from "./program";

// The stack's outputs are what the program returns: not each stack has all of them.
export = deploy(loadConfig());
