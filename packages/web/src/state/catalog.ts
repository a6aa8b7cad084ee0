import { computed, signal } from "@preact/signals";
import { cancelPull, pullModel, readCatalog, removeModel, watchPull, type Catalog, type Pull } from "../api/catalog.js";
import { ApiFailure } from "../api/http.js";
import { noteFailure, whenBack } from "./connection.js";
import { refreshModels } from "./models.js";
import { announcement, notify } from "./notices.js";
import { chooseModel, forgetModel, startChat } from "./open-chat.js";

/** Undefined until it's known, and where the server brings no models. */
export const catalog = signal<Catalog | undefined>(undefined);

/** Pulls that this page watches, by the model's name. They go on when it is closed. */
export const pulls = signal<ReadonlyMap<string, Pull>>(new Map());

/** Why the last pull of a model failed. */
export const pullFailures = signal<ReadonlyMap<string, string>>(new Map());

/** Models that are about to be removed. */
export const removing = signal<ReadonlySet<string>>(new Set());

/** How far all pulls together are, from 0 to 1; undefined where there are none. */
export const pullsShare = computed(() => {
  const all = [...pulls.value.values()];
  if (all.length === 0) return undefined;
  const total = all.reduce((sum, { totalBytes = 0 }) => sum + totalBytes, 0);
  return total === 0 ? 0 : all.reduce((sum, { bytes }) => sum + bytes, 0) / total;
});

/** Reads what there is, and watches the pulls that others began. */
export async function refreshCatalog(): Promise<void> {
  try {
    catalog.value = await readCatalog();
  } catch (error) {
    noteFailure(error);
    return;
  }
  for (const pull of catalog.peek()?.pulls ?? []) {
    if (!pulls.peek().has(pull.id)) void follow(pull, watchPull(pull.id));
  }
}

/** Has the server bring a model. */
export async function pull(id: string): Promise<void> {
  if (pulls.peek().has(id)) return;
  pullFailures.value = without(pullFailures.peek(), id);
  announcement.value = `${id} is being downloaded.`;
  const starting: Pull = {
    ...{ id, phase: "starting", bytes: 0, totalBytes: undefined },
    ...{ bytesPerSecond: 0, etaMs: undefined, retryReason: undefined },
  };
  await follow(starting, pullModel(id));
}

export async function stopPull(id: string): Promise<void> {
  try {
    await cancelPull(id);
  } catch (error) {
    noteFailure(error);
    // It has ended by itself meanwhile: the page learns how from the pull.
    if (!(error instanceof ApiFailure && error.code === "pull_not_found")) tellFailure(error, `${id} goes on.`);
  }
}

/** Has the server delete a model, or what a pull has left of it. */
export async function remove(id: string): Promise<void> {
  removing.value = new Set([...removing.peek(), id]);
  try {
    await removeModel(id);
    forgetModel(id);
    notify(`${id} was removed.`);
  } catch (error) {
    noteFailure(error);
    tellFailure(error, `${id} can't be removed.`);
  } finally {
    removing.value = new Set([...removing.peek()].filter((each) => each !== id));
    await refreshAll();
  }
}

async function follow(first: Pull, events: AsyncGenerator<Pull, string>): Promise<void> {
  const { id } = first;
  pulls.value = new Map([...pulls.peek(), [id, first]]);
  try {
    for (;;) {
      const { done, value } = await events.next();
      if (done) {
        tellInstalled(value);
        break;
      }
      pulls.value = new Map([...pulls.peek(), [id, value]]);
    }
  } catch (error) {
    noteFailure(error);
    const failure = error instanceof ApiFailure ? error : undefined;
    const quiet = failure?.code === "pull_cancelled" || failure?.code === "pull_not_found";
    if (!quiet) pullFailures.value = new Map([...pullFailures.peek(), [id, messageOf(error)]]);
  } finally {
    pulls.value = without(pulls.peek(), id);
  }
  await refreshAll();
}

function tellInstalled(id: string): void {
  const run = () => {
    startChat();
    chooseModel(id);
  };
  notify(`${id} is installed.`, { action: { label: "Chat", run } });
}

function tellFailure(error: unknown, otherwise: string): void {
  notify(error instanceof Error ? error.message : otherwise, { kind: "error" });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "The download failed.";
}

async function refreshAll(): Promise<void> {
  await Promise.all([refreshCatalog(), refreshModels()]);
}

function without<Value>(map: ReadonlyMap<string, Value>, id: string): Map<string, Value> {
  return new Map([...map].filter(([each]) => each !== id));
}

// A server that comes back may have gone on with the pulls that were watched, or have ended with them.
whenBack(() => {
  pullFailures.value = new Map();
  void refreshCatalog();
});
