import { basename } from "node:path";
import { findInCatalog, sameName } from "../catalog/catalog.js";
import { namesQuantization, parseModelReference, referenceKey } from "../catalog/model-reference.js";
import type { InstalledModel } from "./list.js";

/**
 * Whether `name` means this installed model: a name of its catalogue entry, its id, its file's name, or the name that
 * it was, or could have been, pulled by.
 */
export function namesInstalled(name: string, model: InstalledModel): boolean {
  const entry = findInCatalog(name);
  if (entry !== undefined) return model.entry === entry;
  const file = basename(model.path).replace(/\.gguf$/i, "");
  if (sameName(name, model.id) || sameName(name.replace(/\.gguf$/i, ""), file)) return true;
  return pulledAs(name, model);
}

function pulledAs(name: string, { source, entry }: InstalledModel): boolean {
  // A name from outside may be anything; one that is malformed names nothing that is installed.
  let reference: ReturnType<typeof parseModelReference>;
  try {
    reference = parseModelReference(name);
  } catch {
    return false;
  }
  if (reference === undefined) return false;
  if (reference.kind === "catalog") return reference.entry === entry;
  if (source === undefined) return false;
  if (source.key === referenceKey(reference)) return true;
  if (reference.kind === "url") return false;
  const { repository, revision, revisionChosen, file, quantization } = reference;
  if (source.repository?.toLowerCase() !== repository.toLowerCase()) return false;
  if (revisionChosen && source.revision !== revision) return false;
  if (file !== undefined) return source.file === file;
  return quantization === undefined || namesQuantization(source.file, quantization);
}
