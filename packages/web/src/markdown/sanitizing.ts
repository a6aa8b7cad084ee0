import createPurifier, { type Config } from "dompurify";

const MARKDOWN: Config = {
  USE_PROFILES: { html: true, mathMl: true },
  // What an answer has no use for: what could look like a part of the page, load something, or send something.
  FORBID_TAGS: [
    "style",
    "form",
    "input",
    "button",
    "textarea",
    "select",
    "option",
    "label",
    "fieldset",
    "dialog",
  ].concat([
    "img",
    "picture",
    "video",
    "audio",
    "source",
    "track",
    "map",
    "area",
    "link",
    "base",
    "object",
    "embed",
    "iframe",
  ]),
  FORBID_ATTR: ["style", "id", "name", "tabindex", "role", "background", "bgcolor", "popover", "popovertarget", "slot"],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  // Every attribute is tried against this, also those that hold no address: what isn't of another scheme passes.
  ALLOWED_URI_REGEXP: /^(?:(?:https?|mailto|tel):|[^a-z]|[a-z+.-]+(?:[^a-z+.\-:]|$))/i,
  RETURN_DOM_FRAGMENT: true,
};

const CODE: Config = { ALLOWED_TAGS: ["span"], ALLOWED_ATTR: ["class"], RETURN_DOM_FRAGMENT: true };

/** Classes that Markdown, formulas and highlighting bring; any other could borrow the looks of the page's own parts. */
const CLASS = /^(?:language-[\w+#.-]{1,24}|math|hljs-[\w-]+|tml-[\w-]+|language_|function_|class_|inherited__|title_)$/;

const purifier = createPurifier(window);
purifier.addHook("uponSanitizeAttribute", (_element, data) => {
  if (data.attrName !== "class") return;
  data.attrValue = data.attrValue
    .split(/\s+/)
    .filter((name) => CLASS.test(name))
    .join(" ");
  if (data.attrValue === "") data.keepAttr = false;
});
purifier.addHook("afterSanitizeAttributes", (element) => {
  if (element.tagName !== "A") return;
  element.setAttribute("target", "_blank");
  element.setAttribute("rel", "noopener noreferrer nofollow");
});

/** The harmless part of what Markdown became. */
export function sanitized(html: string): DocumentFragment {
  return purifier.sanitize(html, MARKDOWN) as unknown as DocumentFragment;
}

/** Highlighted code: marked words, and nothing else. */
export function sanitizedCode(html: string): DocumentFragment {
  return purifier.sanitize(html, CODE) as unknown as DocumentFragment;
}
