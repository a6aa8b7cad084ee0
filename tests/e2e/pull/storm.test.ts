import { readFileSync } from "node:fs";
import { array, assert, asyncProperty, constant, integer, oneof, record, type Arbitrary } from "fast-check";
import { expect, it } from "vitest";
import { Hub, modelFile, type Fault } from "./hub.js";
import { Place } from "./pulling.js";

const bytes = integer({ min: 0, max: 4000 });

/** Each thing that can go wrong with a request to the storage, and nothing as often as all of them. */
const fault: Arbitrary<Fault | undefined> = oneof(
  { weight: 8, arbitrary: constant(undefined) },
  record({ cutAfter: bytes }),
  record({ stallAfter: bytes }),
  record({ sendMore: bytes }),
  record({ chunked: constant(true), cutAfter: bytes }),
  record({ status: oneof(constant(500), constant(503), constant(429), constant(408), constant(403)) }),
);

/** What happens besides, at some request. */
const event = record({ at: integer({ min: 0, max: 15 }), what: oneof(constant("expire"), constant("republish")) });

it("whatever goes wrong in whatever order, the file is right, and nothing else is left", async () => {
  const hub = await Hub.start();
  const tuning = { stallMs: 40, retry: { retries: 40, backoffMs: 1, maxBackoffMs: 4 }, segmentBytes: 1500 };
  await assert(
    asyncProperty(
      integer({ min: 5, max: 9000 }),
      array(fault, { maxLength: 16 }),
      array(event, { maxLength: 2 }),
      integer({ min: 1, max: 5 }),
      async (size, faults, events, connections) => {
        let content = modelFile(size);
        const publish = () => hub.publish("org/model", { "a.gguf": content });
        publish();
        const first = hub.storage.seen.length;
        hub.storage.fault = ({ index }) => {
          for (const { at, what } of events.filter(({ at }) => at === index - first)) {
            if (what === "republish") {
              content = modelFile(size + at);
              publish();
            }
            hub.expireLinks();
          }
          return faults[index - first];
        };
        const place = new Place();
        const { path } = await place.pull(hub, "hf:org/model/a.gguf", { tuning, connections });
        // Published anew when all of the older one was under way already, that one is right, too.
        expect(readFileSync(path).equals(content) || events.some(({ what }) => what === "republish")).toBe(true);
        expect(place.files()).toEqual(["org--model/a.gguf", "org--model/a.gguf.izwi.json"]);
      },
    ),
    { numRuns: 25, endOnFailure: true },
  );
});
