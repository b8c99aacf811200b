import { isKind, type Resource } from "../resource";

/** An HTTPRoute of the Gateway API, with the fields that rules read. */
export interface HttpRoute {
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly spec?: {
    readonly parentRefs?: readonly {
      readonly kind?: string;
      readonly name?: string;
      readonly namespace?: string;
    }[];
    readonly hostnames?: readonly string[];
    readonly rules?: readonly HttpRouteRule[];
  };
}

export interface HttpRouteRule {
  readonly matches?: readonly { readonly path?: { readonly value?: string } }[];
  readonly backendRefs?: readonly {
    readonly name?: string;
    readonly kind?: string;
    readonly namespace?: string;
  }[];
  readonly sessionPersistence?: {
    readonly type?: string;
    readonly sessionName?: string;
    readonly absoluteTimeout?: string;
  };
  readonly timeouts?: { readonly request?: string };
}

export function httpRoute(resource: Resource): HttpRoute | undefined {
  return isKind(resource, "gateway.networking.k8s.io", "HTTPRoute") ? resource.properties : undefined;
}
