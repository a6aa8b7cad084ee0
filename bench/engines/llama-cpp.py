"""llama.cpp itself, through llama_decode as llama-bench and llama-batched-bench call it: nothing is sampled, the next token is
any token, logits are computed only where a token would be sampled. The line protocol is serve.mjs's."""

import ctypes
import json
import sys
import time

import llama_cpp as lib

PROMPT_BATCH = 2048


class Batch:
    """Tokens of one llama_decode, made before the clock starts where they are known."""

    def __init__(self, size):
        self.raw = lib.llama_batch_init(size, 0, 1)

    def set(self, index, token, position, sequence, wants_logits):
        self.raw.token[index] = token
        self.raw.pos[index] = position
        self.raw.n_seq_id[index] = 1
        self.raw.seq_id[index][0] = sequence
        self.raw.logits[index] = wants_logits

    def decode(self, context, count):
        self.raw.n_tokens = count
        status = lib.llama_decode(context, self.raw)
        if status != 0:
            raise RuntimeError(f"llama_decode: {status}")


class Engine:
    def __init__(self, path, threads, contextLength, flashAttention, sequences=1):
        lib.llama_backend_init()
        model_params = lib.llama_model_default_params()
        model_params.n_gpu_layers = 0
        self.model = lib.llama_model_load_from_file(path.encode(), model_params)
        self.threads = threads
        self.flash_attention = flashAttention
        self.held = []
        self.sequences = 0
        self.context = None
        self.context_length = contextLength
        self.open(sequences)
        self.batch = Batch(max(PROMPT_BATCH, sequences))

    def open(self, sequences):
        """A context for that many sequences, each with an even share of the cells, as llama-batched-bench has it."""
        params = lib.llama_context_default_params()
        params.n_ctx = self.context_length
        params.n_batch = PROMPT_BATCH
        params.n_ubatch = 512
        params.n_seq_max = sequences
        params.n_threads = params.n_threads_batch = self.threads
        attention = lib.LLAMA_FLASH_ATTN_TYPE_ENABLED if self.flash_attention else lib.LLAMA_FLASH_ATTN_TYPE_DISABLED
        params.flash_attn_type = attention
        params.no_perf = True
        if self.context is not None:
            lib.llama_free(self.context)
        self.context = lib.llama_init_from_model(self.model, params)
        if not self.context:
            raise RuntimeError("no context")
        self.memory = lib.llama_get_memory(self.context)
        self.sequences = sequences
        self.held = []

    def about(self):
        return {
            "llamaCppPython": lib.__version__,
            "system": lib.llama_print_system_info().decode(),
            "threads": self.threads,
            "flashAttention": self.flash_attention,
            "modelBytes": lib.llama_model_size(self.model),
        }

    def prefill(self, ids, first_position, sequence):
        """Reads a prompt's tokens, with logits for the last one."""
        for start in range(0, len(ids), PROMPT_BATCH):
            part = ids[start : start + PROMPT_BATCH]
            for index, token in enumerate(part):
                is_last = start + index == len(ids) - 1
                self.batch.set(index, token, first_position + start + index, sequence, is_last)
            self.batch.decode(self.context, len(part))

    def prepare(self, prefixes):
        if len(prefixes) != self.sequences:
            self.open(len(prefixes))
        if prefixes[0] and prefixes == self.held:
            for sequence, ids in enumerate(prefixes):
                lib.llama_memory_seq_rm(self.memory, sequence, len(ids), -1)
            return
        lib.llama_memory_clear(self.memory, False)
        for sequence, ids in enumerate(prefixes):
            self.prefill(ids, 0, sequence)
        lib.llama_synchronize(self.context)
        self.held = prefixes

    def measure(self, prompts, cached, generated):
        """The prompts' rest, then one token after the other for all sequences together."""
        num_sequences = len(prompts)
        num_prefilled = len(prompts[0]) - cached
        start = time.perf_counter()
        if num_prefilled > 1:
            for sequence, ids in enumerate(prompts):
                self.prefill(ids[cached:], cached, sequence)
        else:
            self.step(prompts, cached, len(prompts[0]) - 1)
        for position in range(len(prompts[0]), len(prompts[0]) + generated - 1):
            self.step(prompts, cached, position)
        lib.llama_synchronize(self.context)
        ms = (time.perf_counter() - start) * 1e3
        return {"ms": ms, "prompt": num_sequences * num_prefilled, "generated": num_sequences * generated}

    def step(self, prompts, cached, position):
        for sequence, ids in enumerate(prompts):
            self.batch.set(sequence, ids[position % len(ids)], position, sequence, True)
        self.batch.decode(self.context, len(prompts))


def reply(value):
    sys.stdout.write(f"@ {json.dumps(value)}\n")
    sys.stdout.flush()


# Loading is talkative; kept for as long as the library may call it.
silent = lib.llama_log_callback(lambda level, text, data: None)
lib.llama_log_set(silent, ctypes.c_void_p(0))
started = time.perf_counter()
settings = json.loads(sys.argv[1])
# Only Izwi's is chosen: this cache stays f16.
settings.pop("kvCacheType", None)
engine = Engine(**settings)
reply({"about": engine.about(), "loadMs": (time.perf_counter() - started) * 1e3})
for line in sys.stdin:
    workload = json.loads(line)
    cached = workload["cached"]
    engine.prepare([ids[:cached] for ids in workload["prompts"]])
    reply(engine.measure(workload["prompts"], cached, workload["generated"]))
