import type { ModelListing, ModelSource } from "../model-source.js";
import type { UpstreamPool } from "./upstream-pool.js";

/** The same models, and in the list those that upstreams answer for. */
export function withUpstreams(models: ModelSource, pool: UpstreamPool): ModelSource {
  const created = Math.floor(Date.now() / 1000);
  return {
    acquire: (name, signal) => models.acquire(name, signal),
    async list() {
      const local = await models.list();
      const remote = pool.names().map(({ name, healthy }): ModelListing => ({
        id: name,
        created,
        builtin: false,
        bytes: 0,
        status: healthy ? "ready" : "error",
      }));
      const named = new Set(remote.map(({ id }) => id));
      return [...local.filter(({ id }) => !named.has(id)), ...remote];
    },
  };
}
