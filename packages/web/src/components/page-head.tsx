import { PanelLeftOpen } from "lucide";
import type { ComponentChildren, VNode } from "preact";
import { drawerOpen, narrow } from "../state/view.js";
import { sidebarOpen } from "../storage/preferences.js";
import { IconButton } from "./icon-button.js";

/** A page's upper edge, with the way back to the sidebar where that is away. */
export function PageHead({ title, children }: { title: string; children?: ComponentChildren }): VNode {
  const away = narrow.value ? !drawerOpen.value : !sidebarOpen.value;
  return (
    <header class="page-head">
      {away && (
        <IconButton
          icon={PanelLeftOpen}
          label="Open sidebar"
          onClick={() => (narrow.value ? (drawerOpen.value = true) : (sidebarOpen.value = true))}
        />
      )}
      <h1 class="off-screen">{title}</h1>
      {children}
    </header>
  );
}
