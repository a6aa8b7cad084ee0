import { useSignal } from "@preact/signals";
import { WifiOff } from "lucide";
import type { VNode } from "preact";
import { checkServer, serverDown } from "../state/connection.js";
import { Icon } from "./icon.js";

/** Says that the server is away, for as long as it is. */
export function Banner(): VNode {
  const asking = useSignal(false);
  const retry = async () => {
    asking.value = true;
    await checkServer();
    asking.value = false;
  };
  return (
    <div role="alert">
      {serverDown.value && (
        <div class="banner">
          <Icon icon={WifiOff} size={17} />
          <span>
            <b>Izwi's server can't be reached.</b> Start it again with <code>izwi serve</code>; what you wrote is kept.
          </span>
          <button type="button" class="small-button" disabled={asking.value} onClick={() => void retry()}>
            Try now
          </button>
        </div>
      )}
    </div>
  );
}
