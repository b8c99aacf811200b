// A stand-in for the application, so that the runner's tests need no build and start in a few milliseconds.
// Its whims come from the environment:
//   START_MS     startup probe fails until this time has passed
//   PRESTOP_MS   how long /prestop takes to answer
//   EXIT_MS      how long the process lives on after SIGTERM; "never" ignores the signal
// `GET /crash` exits with code 3, `GET /sicken` makes the liveness probe fail from then on.
// It appends "<event> <milliseconds since the epoch>" lines to standard output.
import { appendFileSync } from "node:fs";
import { createServer } from "node:http";

const { BIND_ADDRESS, POD_NAME, START_MS = "0", PRESTOP_MS = "0", EXIT_MS = "0" } = process.env;
const startedAt = Date.now();
let sick = false;

const note = (event) => appendFileSync(1, `${event} ${Date.now()}\n`);

const answers = {
  "/startupz": () => (Date.now() - startedAt >= Number(START_MS) ? 200 : 503),
  "/readyz": () => 200,
  "/livez": () => (sick ? 503 : 200),
  "/sicken": () => ((sick = true), 200),
  "/crash": () => process.exit(3),
};

createServer((request, response) => {
  response.setHeader("x-holdfast-pod", POD_NAME);
  response.writeHead(answers[request.url]?.() ?? 200).end(JSON.stringify(request.headers));
}).listen(8080, BIND_ADDRESS, () => note("listening"));

createServer((_request, response) => {
  note("prestop");
  setTimeout(() => response.end(), Number(PRESTOP_MS));
}).listen(9091, BIND_ADDRESS);

process.on("SIGTERM", () => {
  note("sigterm");
  if (EXIT_MS !== "never") setTimeout(() => process.exit(0), Number(EXIT_MS));
});
