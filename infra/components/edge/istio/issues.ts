import { issue, type ConfigIssue } from "../../../config/issue";
import type { IstioConfig } from "./schema";

/** The errors in the configuration, besides the timing constraints. */
export function istioIssues({ gateway, selector, credentialName }: IstioConfig): ConfigIssue[] {
  if (gateway === undefined) return [];
  const expected = "nothing, since edge.gateway is given";
  return [
    ...(selector === undefined ? [] : [issue("edge.selector", JSON.stringify(selector), expected)]),
    ...(credentialName === undefined ? [] : [issue("edge.credentialName", credentialName, expected)]),
  ];
}
