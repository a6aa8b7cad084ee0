import { h, type VNode } from "preact";
import type { IconNode } from "lucide";

/** An icon beside words, or in a control that has a label of its own: screen readers pass it over. */
export function Icon({ icon, size = 18 }: { icon: IconNode; size?: number }): VNode {
  return (
    <svg
      class="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      {icon.map(([tag, attributes], index) => h(tag, { ...attributes, key: index }))}
    </svg>
  );
}

/** The product's mark: a voice in a speech bubble. */
export function Mark({ size = 28 }: { size?: number }): VNode {
  return (
    <svg class="mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <path
        class="mark-bubble"
        d="M9 2h14a7 7 0 0 1 7 7v10a7 7 0 0 1-7 7h-8.5l-6 4.2c-.7.5-1.5 0-1.5-.8V25.7A7 7 0 0 1 2 19V9a7 7 0 0 1 7-7Z"
      />
      <path
        class="mark-voice"
        stroke-width="2.6"
        stroke-linecap="round"
        d="M9.5 12.5v3M13.8 9.5v9M18.2 7.5v13M22.5 11.5v5"
      />
    </svg>
  );
}
