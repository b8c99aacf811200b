// A load in a separate process on this machine, so that the rehearsal does not delay the clients whose waits are measured. It
// stops, with all of its clients, when the process that started it ends.
import { serve } from "../../process/rpc";
import { LoadGenerator, type LoadMethods } from "./generator";

const generator = new LoadGenerator();
serve<LoadMethods>(generator, () => generator.stop());
