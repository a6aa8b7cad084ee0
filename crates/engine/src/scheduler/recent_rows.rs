//! How much was computed for each client of late.

use std::collections::HashMap;

/// What is left of it after each pass: half after some 350.
const LEFT_PER_PASS: f64 = 0.998;
/// Rows within which clients count as equal, so that who came first goes first.
const STEP_ROWS: f64 = 256.0;

/// Rows of each client that names itself. They fade, so that a client that just got much comes after one that didn't, and
/// nobody pays for yesterday.
#[derive(Debug, Default)]
pub(super) struct RecentRows {
    rows: HashMap<u64, f64>,
}

impl RecentRows {
    pub fn add(&mut self, client: Option<u64>, num_rows: usize) {
        if let Some(client) = client {
            *self.rows.entry(client).or_default() += num_rows as f64;
        }
    }

    /// A pass is over. Who got next to nothing is forgotten, so that this doesn't grow with every client that ever came.
    pub fn fade(&mut self) {
        self.rows.retain(|_, rows| {
            *rows *= LEFT_PER_PASS;
            *rows >= 1.0
        });
    }

    /// In steps: the lower one comes first.
    pub fn of(&self, client: Option<u64>) -> u64 {
        let rows = client.and_then(|client| self.rows.get(&client)).copied();
        (rows.unwrap_or(0.0) / STEP_ROWS) as u64
    }
}
