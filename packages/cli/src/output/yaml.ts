/** What JSON can hold, as YAML 1.2: the part that is needed to print a result, every text of which reads back the same. */

/** What a text without quotes would be taken for, in YAML 1.2 or in the older 1.1 that many programs read. */
const meaning = /^(?:~|null|true|false|yes|no|on|off|y|n|\.inf|\.nan|e\d+)$/i;
/** Begins and goes on with letters, so that it is no number, date or sign; no ": " and no " #" inside. */
const plainText = /^[A-Za-z][\w./+-]*(?: [\w./+()-]+)*$/;

export function toYaml(value: unknown): string {
  // What JSON leaves out or writes otherwise (undefined, dates, toJSON) is the same in both.
  const data: unknown = JSON.parse(JSON.stringify(value ?? null));
  return isScalar(data) ? `${scalar(data)}\n` : block(data as object, "");
}

function block(value: object, indent: string): string {
  if (Array.isArray(value)) return value.map((item: unknown) => `${indent}-${listed(item, indent)}`).join("");
  return Object.entries(value)
    .map(([key, item]: [string, unknown]) => `${indent}${scalar(key)}:${member(item, indent)}`)
    .join("");
}

function member(item: unknown, indent: string): string {
  return isScalar(item) ? ` ${scalar(item)}\n` : `\n${block(item as object, `${indent}  `)}`;
}

/** The first line of a block stands right after its dash. */
function listed(item: unknown, indent: string): string {
  return ` ${isScalar(item) ? `${scalar(item)}\n` : block(item as object, `${indent}  `).trimStart()}`;
}

function isScalar(value: unknown): boolean {
  return typeof value !== "object" || value === null || Object.keys(value).length === 0;
}

function scalar(value: unknown): string {
  if (typeof value === "string" && plainText.test(value) && !meaning.test(value)) return value;
  // JSON's texts, numbers and empty collections are YAML too; these line ends are only YAML 1.1's.
  return JSON.stringify(value).replace(
    /[\u0085\u2028\u2029]/g,
    (end) => `\\u${end.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
