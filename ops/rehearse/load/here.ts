// A load in a process of its own on this machine: what drives the rehearsal must not delay the clients whose waits
// are measured. It leaves, with all its clients, when the process that started it ends.
import { serve } from "../../process/rpc";
import { LoadGenerator, type LoadMethods } from "./generator";

const generator = new LoadGenerator();
serve<LoadMethods>(generator, () => generator.stop());
