import { useSignal } from "@preact/signals";
import type { IconNode } from "lucide";
import type { ComponentChildren, VNode } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "./icon.js";

export interface MenuItem {
  label: string;
  icon?: IconNode;
  /** A second line or a mark beside the label. */
  detail?: ComponentChildren;
  checked?: boolean;
  danger?: boolean;
  run: () => void;
}

interface Props {
  label: string;
  /** What the button shows. */
  children: ComponentChildren;
  items: readonly MenuItem[];
  class?: string;
  /** The edge of the button that the menu's edge stands at. */
  align?: "start" | "end";
  placement?: "below" | "above";
}

/** A button that opens a list of commands, or of choices of which one is checked. */
export function Menu({ label, children, items, class: name = "", align = "start", placement = "below" }: Props): VNode {
  const open = useSignal(false);
  const root = useRef<HTMLDivElement>(null);
  const id = useId();
  const choices = items.some(({ checked }) => checked !== undefined);

  // Before anything else happens: the next key may come at once.
  useLayoutEffect(() => {
    if (!open.value) return;
    const list = root.current?.querySelector<HTMLElement>("[role=menu]");
    (list?.querySelector<HTMLElement>("[aria-checked=true]") ?? list?.querySelector<HTMLElement>("button"))?.focus();
    const closeOutside = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) open.value = false;
    };
    document.addEventListener("pointerdown", closeOutside);
    document.addEventListener("focusin", closeOutside);
    return () => {
      document.removeEventListener("pointerdown", closeOutside);
      document.removeEventListener("focusin", closeOutside);
    };
  }, [open.value]);

  const close = () => {
    open.value = false;
    root.current?.querySelector<HTMLElement>(".menu-button")?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!open.value) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    } else if (event.key === "Tab") {
      open.value = false;
    } else if (moveFocus(root.current, event.key)) {
      event.preventDefault();
    }
  };

  return (
    <div class={`menu ${name}`} ref={root} onKeyDown={onKeyDown}>
      <button
        type="button"
        class="menu-button"
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={open.value}
        aria-controls={open.value ? id : undefined}
        onClick={() => (open.value = !open.value)}
      >
        {children}
      </button>
      {open.value && (
        <div class={`menu-list at-${align} ${placement}`} role="menu" id={id} aria-label={label}>
          {items.map((item) => (
            <button
              type="button"
              key={item.label}
              role={choices ? "menuitemradio" : "menuitem"}
              aria-checked={choices ? item.checked === true : undefined}
              class={item.danger ? "menu-item danger" : "menu-item"}
              tabIndex={-1}
              onClick={() => {
                close();
                item.run();
              }}
            >
              {item.icon && <Icon icon={item.icon} size={16} />}
              <span class="menu-label">{item.label}</span>
              {item.detail !== undefined && <span class="menu-detail">{item.detail}</span>}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

/** Moves among a menu's items by the arrow keys, Home and End. */
function moveFocus(root: HTMLElement | null, key: string): boolean {
  const items = [...(root?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? [])];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 }[key];
  if (next === undefined || items.length === 0) return false;
  items[next % items.length]?.focus();
  return true;
}
