import type { VNode } from "preact";
import { useRef } from "preact/hooks";
import { apiKey } from "../api/http.js";
import { keyWanted, setKey } from "../state/connection.js";
import { Dialog } from "./dialog.js";

/** Asks for the key of a server that wants one. */
export function KeyDialog(): VNode {
  const field = useRef<HTMLInputElement>(null);
  return (
    <Dialog title="API key" onClose={() => (keyWanted.value = false)}>
      <form
        class="key-form"
        onSubmit={(event) => {
          event.preventDefault();
          setKey(field.current?.value.trim() ?? "");
        }}
      >
        <p>
          {apiKey.get() === ""
            ? "This server can be reached by others, so it wants a key. It was printed where the server was started."
            : "The server doesn't take the key that this browser has. Enter the right one."}
        </p>
        <label class="off-screen" for="api-key">
          Key
        </label>
        <input id="api-key" ref={field} class="text-field" type="password" autocomplete="off" placeholder="izwi-…" />
        <button type="submit" class="button primary">
          Use this key
        </button>
      </form>
    </Dialog>
  );
}
