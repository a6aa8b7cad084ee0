//! Token ids in, token ids out, over time: requests, sequences, blocks, scheduler, sampler.
