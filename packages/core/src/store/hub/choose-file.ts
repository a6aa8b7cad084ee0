import { namesQuantization } from "../../catalog/model-reference.js";
import { IzwiError } from "../../errors.js";

/** What is taken where nobody chose: small and good first. */
const PREFERRED = ["Q4_K_M", "Q4_K_S", "Q4_0", "Q5_K_M", "Q6_K", "Q8_0", "F16", "BF16"];

/** Files that are no model of their own: projectors of images, measurements, and parts of split models. */
const NO_MODEL = /(^|[/-])(mmproj|imatrix)|-\d{5}-of-\d{5}\.gguf$/i;

/** The repository's file that is meant. Without a quantization: the only one, else the usual one. */
export function chooseFile(files: readonly string[], quantization: string | undefined, repository: string): string {
  const models = files.filter((file) => /\.gguf$/i.test(file) && !NO_MODEL.test(file)).sort();
  if (models.length === 0) {
    const split = files.some((file) => /-of-\d{5}\.gguf$/i.test(file))
      ? "only split ones, which can't be used"
      : "none";
    throw new IzwiError("MODEL_NOT_FOUND", `${repository} has no GGUF file for a model: ${split}.`);
  }
  const wanted = quantization === undefined ? PREFERRED : [quantization];
  for (const name of wanted) {
    // Of several with that name, the one without further words is meant.
    const [match] = models.filter((file) => namesQuantization(file, name)).sort((a, b) => a.length - b.length);
    if (match !== undefined) return match;
  }
  if (quantization === undefined && models.length === 1) return models[0]!;
  const list = models.slice(0, 20).join(", ") + (models.length > 20 ? ", …" : "");
  const what = quantization === undefined ? "several files: choose one" : `no file for ${quantization}`;
  throw new IzwiError("MODEL_NOT_FOUND", `${repository} has ${what}. There are: ${list}.`);
}
