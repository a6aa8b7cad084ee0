//! The facade: a chat request in, a stream of chat events out.
