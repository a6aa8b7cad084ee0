import { invalid, IzwiError } from "../errors.js";
import { hashFile } from "./checksum.js";
import { readRecord } from "./install-record.js";
import { resolveModel } from "./resolve.js";
import { findInCatalog } from "../catalog/catalog.js";

export interface VerifiedModel {
  path: string;
  sha256: string;
  /** Who says what the hash must be; undefined where nobody does. */
  knownFrom?: "the catalogue" | "the pull";
}

/**
 * Reads an installed model to its end and compares its hash with what was pulled, or with the catalogue. Throws
 * `CHECKSUM_MISMATCH` when it is another one.
 */
export async function verifyModel(
  name: string,
  options: {
    modelsDir?: string | undefined;
    signal?: AbortSignal | undefined;
    onBytes?: ((bytes: number) => void) | undefined;
  } = {},
): Promise<VerifiedModel> {
  if (typeof name !== "string") throw invalid("The model", "a name", name);
  const { path } = await resolveModel(name, options);
  const recorded = (await readRecord(path))?.sha256;
  const expected = recorded ?? findInCatalog(name)?.sha256;
  const sha256 = await hashFile(path, options);
  if (expected !== undefined && expected !== sha256) {
    throw new IzwiError(
      "CHECKSUM_MISMATCH",
      `${path} was changed or is broken: its SHA-256 is ${sha256}, not ${expected}. Pull it again with --force.`,
    );
  }
  const knownFrom = recorded !== undefined ? "the pull" : "the catalogue";
  return { path, sha256, ...(expected !== undefined && { knownFrom }) };
}
