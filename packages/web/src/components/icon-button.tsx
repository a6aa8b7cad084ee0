import type { VNode } from "preact";
import type { IconNode } from "lucide";
import { Icon } from "./icon.js";

interface Props {
  icon: IconNode;
  /** What it does: read out, and shown when the pointer rests on it. */
  label: string;
  onClick: () => void;
  size?: number;
  class?: string;
  disabled?: boolean;
  pressed?: boolean;
  expanded?: boolean;
}

export function IconButton({
  icon,
  label,
  onClick,
  size,
  disabled,
  pressed,
  expanded,
  class: name = "",
}: Props): VNode {
  return (
    <button
      type="button"
      class={`icon-button ${name}`}
      aria-label={label}
      title={label}
      disabled={disabled}
      aria-pressed={pressed}
      aria-expanded={expanded}
      onClick={onClick}
    >
      <Icon icon={icon} size={size ?? 18} />
    </button>
  );
}
