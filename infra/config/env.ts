import { z } from "zod";
import { list, object, objectName, text } from "./values";

/** The environment variables of a service: values, or references to their source. */

export const envName = /^[A-Za-z_][A-Za-z0-9_]*$/;
const reference = {
  /** The object's name, in the namespace of the services. */
  name: objectName,
  /** A key of the object's data. */
  key: text(/^[-._a-zA-Z0-9]+$/, "a key of the object"),
};

const envValue = z.union(
  [
    z.string(),
    z.number().transform(String),
    z.boolean().transform(String),
    object({ secret: object(reference) }),
    object({ configMap: object(reference) }),
    object({
      /** A field of the pod, as in Kubernetes' downward API. */
      field: text(/^[a-z][A-Za-z0-9.[\]'/_-]*$/, "a field of the pod such as metadata.name"),
    }),
  ],
  {
    error:
      "text, a number, true or false, { secret: { name, key } }, { configMap: { name, key } } or { field: metadata.name }",
  },
);

export const envSchema = z.record(text(envName, "the name of an environment variable"), envValue, {
  error: "variables, NAME: value",
});

export const envFromSchema = list(
  z.union(
    [
      object({
        /** A Secret, all keys of which become variables. */
        secret: objectName,
        /** Prefix of the variables' names. */
        prefix: z.string().optional(),
      }),
      object({
        /** A ConfigMap, all keys of which become variables. */
        configMap: objectName,
        /** Prefix of the variables' names. */
        prefix: z.string().optional(),
      }),
    ],
    { error: "{ secret: NAME } or { configMap: NAME }, each with an optional prefix" },
  ),
  "{ secret: NAME } or { configMap: NAME }",
);
