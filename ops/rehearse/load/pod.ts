// A load as the process of a pod, controlled by lines on its standard input and output. When they are closed, because the
// rehearsal has ended in any way, it stops with all of its clients.
import { answerCalls } from "../../process/calls";
import { jsonLines } from "../../process/json-lines";
import { onEndSignal } from "../../process/end-signal";
import { LoadGenerator, type LoadMethods } from "./generator";

const generator = new LoadGenerator();
const leave = () => void generator.stop().finally(() => process.exit(0));

answerCalls<LoadMethods>(generator, jsonLines(process.stdin, process.stdout));
process.stdin.on("end", leave);
onEndSignal(leave);
