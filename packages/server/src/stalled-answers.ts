import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Bytes that the system hasn't taken yet are known to the socket's handle alone, which Node's types don't show. */
type SocketWithHandle = Socket & { _handle?: { writeQueueSize?: number } | null };

/**
 * Cuts the connection of a client that has stopped taking its answer: while data waits to be sent and nothing of it
 * leaves for `stallMs`. The request's signal then fires as for any client that left, and its generation stops.
 */
export function endStalledAnswers(response: ServerResponse, stallMs: number): void {
  const socket = response.socket as SocketWithHandle | null;
  if (!socket || stallMs === Infinity) return;
  let sentBytes = 0;
  let movedAt = performance.now();
  const timer = setInterval(
    () => {
      const now = performance.now();
      // eslint-disable-next-line no-underscore-dangle -- Node's name
      const sent = socket.bytesWritten - (socket._handle?.writeQueueSize ?? socket.writableLength);
      if (socket.writableLength === 0 || sent !== sentBytes) movedAt = now;
      sentBytes = sent;
      if (now - movedAt >= stallMs) socket.destroy();
    },
    Math.min(1000, stallMs / 4),
  );
  timer.unref();
  response.once("close", () => clearInterval(timer));
}
