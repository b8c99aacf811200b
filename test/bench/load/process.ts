/** Runs the load in a separate process, so that its CPU time does not count as the server's. */
import { serve } from "../../../ops/process/rpc";
import { Load, type Clients, type TrafficResult, type Traffic } from "./load";

export interface LoadProcess {
  open(clients: Clients): Promise<void>;
  run(traffic: Traffic): Promise<TrafficResult>;
}

const load = new Load();

const methods: LoadProcess = {
  open: (clients) => load.open(clients),
  run: (traffic) => load.run(traffic),
};

serve(methods, () => {
  load.close();
  return Promise.resolve();
});
