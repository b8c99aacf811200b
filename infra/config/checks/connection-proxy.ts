import { podsName, proxyName } from "../../components/connection-proxy/names";
import { issue, type ConfigIssue } from "../issue";
import type { ServiceConfig } from "../resolve";
import type { Checked } from "./checked";

/** The longest name of a Service: RFC 1035. */
const maxNameLength = 63;

export function connectionProxyIssues({ config, values }: Checked): ConfigIssue[] {
  return config.services.flatMap((service, index) => {
    const { name, connectionProxy } = service;
    if (connectionProxy === undefined) return [];
    const key = `services[${index}].connectionProxy`;
    const own = [proxyName(name), podsName(name)];
    const taken = config.services.find((other) => own.includes(other.name));
    return [
      ...(taken === undefined
        ? []
        : [
            issue(
              key,
              taken.name,
              `no service named ${own.join(" or ")}, because the proxy uses these names`,
              `Rename the service ${taken.name}.`,
            ),
          ]),
      ...(own.some((derived) => derived.length > maxNameLength)
        ? [issue(`services[${index}].name`, name, "a name of at most 56 characters, with a connectionProxy")]
        : []),
      ...(connectionProxy.checkTokens && config.auth?.kind !== "jwt"
        ? [issue(`${key}.checkTokens`, true, "false, or set auth.kind to jwt")]
        : []),
      ...(values.image === undefined
        ? [issue("image", undefined, "the Holdfast application's image, which the connection proxy runs")]
        : []),
      ...(service.existing === undefined
        ? []
        : [
            issue(
              key,
              "an object",
              "nothing, since the service is existing: the proxy finds pods by a label that only the stack's own pods have",
            ),
          ]),
      ...modeIssues(`${key}.mode`, connectionProxy.mode, service),
    ];
  });
}

/** What a mode requires of the service. */
function modeIssues(key: string, mode: string, { protocol }: ServiceConfig): ConfigIssue[] {
  if ((mode === "holdfast" || mode === "socket.io") && mode !== protocol) {
    return [
      issue(key, mode, `at-most-once or at-least-once; ${mode} requires a service with protocol ${mode}`),
    ];
  }
  if (mode !== protocol && protocol === "socket.io") {
    return [
      issue(
        key,
        mode,
        "socket.io, because in other modes a client's session would reach a pod that does not know it",
      ),
    ];
  }
  return [];
}
