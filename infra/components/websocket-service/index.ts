/** A WebSocket service of any image: see {@link WebSocketService}. */
export type { PreStopHook, WebSocketServiceArgs } from "./args";
export { WebSocketService } from "./component";
