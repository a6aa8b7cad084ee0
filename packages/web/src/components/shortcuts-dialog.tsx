import type { VNode } from "preact";
import { SHORTCUTS } from "../state/shortcuts.js";
import { shortcutsOpen } from "../state/view.js";
import { Dialog } from "./dialog.js";
import { SLASH_COMMANDS } from "./slash-commands.js";

export function ShortcutsDialog(): VNode {
  return (
    <Dialog title="Keyboard" onClose={() => (shortcutsOpen.value = false)}>
      <div class="shortcuts">
        <dl>
          {SHORTCUTS.map(({ keys, does }) => (
            <div key={does}>
              <dt>{does}</dt>
              <dd>
                {keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dd>
            </div>
          ))}
        </dl>
        <h3>Commands in the message field</h3>
        <dl>
          {SLASH_COMMANDS.map(({ name, hint }) => (
            <div key={name}>
              <dt>{hint}</dt>
              <dd>
                <kbd>/{name}</kbd>
              </dd>
            </div>
          ))}
        </dl>
      </div>
    </Dialog>
  );
}
