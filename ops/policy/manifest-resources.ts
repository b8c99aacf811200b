import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { fromManifest, type ManifestObject, type Resource } from "../../infra/policy/resource";

/** A file of manifests cannot be read, or contains something else. */
class ManifestFileError extends Error {
  readonly code = "HOLDFAST_MANIFEST_FILE";
}

const manifestObject = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({}).default({}),
});

const manifestList = z.looseObject({ kind: z.string().regex(/List$/), items: z.array(z.unknown()) });

/**
 * The objects of a file of YAML documents or JSON, as resources; `-` is standard input. Lists are expanded, empty documents
 * skipped. Throws {@link ManifestFileError}.
 */
export async function manifestResources(file: string): Promise<Resource[]> {
  const content = await read(file);
  const documents = parseAllDocuments(content);
  if ("empty" in documents) return [];
  return documents.flatMap((document, index) => {
    const [error] = document.errors;
    if (error !== undefined) throw new ManifestFileError(`${file} is not valid YAML: ${error.message}`);
    return objectsOf(document.toJS(), `document ${index + 1} of ${file}`).map(fromManifest);
  });
}

async function read(file: string): Promise<string> {
  if (file === "-") return text(process.stdin);
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const absent = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new ManifestFileError(`${file} ${absent ? "does not exist" : `cannot be read: ${String(cause)}`}`, {
      cause,
    });
  }
}

function objectsOf(value: unknown, where: string): ManifestObject[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => objectsOf(item, `item ${index + 1} of ${where}`));
  }
  const list = manifestList.safeParse(value);
  if (list.success) return objectsOf(list.data.items, where);
  const object = manifestObject.safeParse(value);
  if (!object.success)
    throw new ManifestFileError(`${where} is not a Kubernetes object: ${z.prettifyError(object.error)}`);
  return [object.data];
}
