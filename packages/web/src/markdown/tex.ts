import temml from "temml";

/** MathML of a formula. What isn't TeX is shown as it is, in the colour of errors. */
export function renderTex(tex: string, displayed: boolean): string {
  const mathml = temml.renderToString(tex, {
    displayMode: displayed,
    throwOnError: false,
    // A formula comes from a model: no links, no attributes of its choice, and no growth without end.
    trust: false,
    maxExpand: 500,
    maxSize: [20, 500],
  });
  // The page's policy takes no styles that are written into elements, and complains of each.
  return mathml.replace(/ style="[^"]*"/g, "");
}
