/** LaTeX as words: what formulas in answers usually have. The rest is left out rather than spelled. */

const COMMANDS: Record<string, string> = {
  times: "times",
  cdot: "times",
  div: "divided by",
  pm: "plus or minus",
  le: "at most",
  leq: "at most",
  ge: "at least",
  geq: "at least",
  ne: "isn't equal to",
  neq: "isn't equal to",
  approx: "is about",
  to: "to",
  rightarrow: "to",
  infty: "infinity",
  sum: "the sum of",
  prod: "the product of",
  int: "the integral of",
  in: "in",
  degree: "degrees",
  circ: "degrees",
  ldots: "and so on",
  dots: "and so on",
  cdots: "and so on",
};

const GREEK = new Set(
  (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau phi chi psi omega " +
    "sin cos tan log ln exp lim max min"
  ).split(" "),
);

/** One group in braces, without groups inside. */
const GROUP = "\\{([^{}]*)\\}";

export function spokenMath(latex: string): string {
  let text = latex;
  // From the inside out: each round turns the innermost groups into words.
  for (let depth = 0; depth < 8; depth++) {
    const before = text;
    text = text
      .replace(new RegExp(`\\\\[dt]?frac\\s*${GROUP}\\s*${GROUP}`, "g"), " $1 over $2 ")
      .replace(new RegExp(`\\\\sqrt\\s*${GROUP}`, "g"), " the square root of $1 ")
      .replace(new RegExp(`\\\\(?:text|mathrm|mathbf|mathit|boxed|operatorname)\\s*${GROUP}`, "g"), " $1 ")
      .replace(new RegExp(`\\^\\s*${GROUP}`, "g"), (_, power: string) => spokenPower(power))
      .replace(new RegExp(`_\\s*${GROUP}`, "g"), " $1 ");
    if (text === before) break;
  }
  return text
    .replace(
      /\^\s*(\\?\w+)/g,
      (_, power: string) =>
        spokenPower(power.startsWith("\\") ? power : power[0]!) + (power.startsWith("\\") ? "" : power.slice(1)),
    )
    .replace(/_(\w)/g, " $1 ")
    .replace(/\\([a-zA-Z]+)/g, (_, name: string) => {
      const lower = name.toLowerCase();
      return ` ${COMMANDS[name] ?? (GREEK.has(lower) ? lower : "")} `;
    })
    .replace(/\\./g, " ")
    .replace(/[{}&]/g, " ")
    .replace(/=/g, " equals ")
    .replace(/\+/g, " plus ")
    .replace(/(?<=[\w)]\s*)-/g, " minus ")
    .replace(/(?<!\w)-(?=\s?[\w(])/g, " minus ")
    .replace(/\*/g, " times ")
    .replace(/\//g, " over ")
    .replace(/</g, " less than ")
    .replace(/>/g, " greater than ")
    .replace(/(?<=\d)(?=[a-z])/gi, " ")
    .replace(/\s+/g, " ")
    .trim();
}

function spokenPower(power: string): string {
  const exponent = power.trim();
  if (exponent === "2") return " squared ";
  if (exponent === "3") return " cubed ";
  if (exponent === "\\circ") return " degrees ";
  return ` to the power of ${exponent} `;
}
