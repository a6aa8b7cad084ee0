//! The KV blocks of a conversation in a file, so that it goes on later without being read again.
//!
//! ```text
//! magic "IZWIKV\r\n" | format u32 | block size u32 | block bytes u64 | tokens u32 | blocks u32 | identity [32] | CRC-32
//! token ids u32 × tokens | CRC-32
//! (block | CRC-32) × blocks
//! ```
//!
//! Numbers are little-endian. The identity is a hash of the model file, of how its blocks lie and of the engine's version:
//! where it differs the blocks are worth nothing, and nothing is restored. Everything in a file is checked before it is
//! believed; what can't be checked is whether the numbers in the blocks are those of the tokens.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use izwi_engine::{BlockLayout, Engine, Pending};
use sha2::{Digest, Sha256};

use crate::{ErrorCode, Result, RuntimeError};

const MAGIC: [u8; 8] = *b"IZWIKV\r\n";
const FORMAT: u32 = 1;
const HEADER_BYTES: usize = 64;
const CRC_BYTES: u64 = 4;
/// Bytes that are asked of the engine at once, which does nothing else meanwhile.
const CHUNK_BYTES: usize = 16 << 20;
/// Blocks on their way to the engine while the next ones are read.
const MAX_PENDING: usize = 4;

/// What the blocks in a file belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity([u8; 32]);

impl Identity {
    pub(crate) fn new(model_fingerprint: [u8; 32], layout: &BlockLayout) -> Self {
        let mut hash = Sha256::new();
        hash.update(model_fingerprint);
        hash.update(&layout.name);
        hash.update(env!("CARGO_PKG_VERSION"));
        Self(hash.finalize().into())
    }
}

/// Writes the whole blocks of the longest cached beginning of `tokens`. Returns how many tokens that are; for none,
/// there is no file. The file appears whole or not at all.
///
/// # Errors
/// `InvalidSessionFile` when it can't be written, `Closed`.
pub(crate) fn save(engine: &Engine, identity: Identity, tokens: Vec<u32>, path: &Path) -> Result<usize> {
    let temporary = Temporary::beside(path);
    let layout = engine.block_layout();
    let num_tokens = tokens.len() - tokens.len() % layout.block_size;
    let tokens: Arc<[u32]> = tokens[..num_tokens].into();
    let failed = |error: io::Error| file_error("written", path, &error);
    let mut file: Option<BufWriter<File>> = None;
    let mut num_blocks = 0;
    loop {
        let most = (CHUNK_BYTES / layout.block_bytes).max(1);
        let bytes = engine.read_cached_blocks(&tokens, num_blocks, most)?;
        if bytes.is_empty() {
            break;
        }
        let file = match &mut file {
            Some(file) => file,
            None => file.insert(begin(&temporary.path, &tokens).map_err(failed)?),
        };
        for block in bytes.chunks_exact(layout.block_bytes) {
            write_checked(file, block).map_err(failed)?;
            num_blocks += 1;
        }
    }
    if let Some(file) = file {
        let header = Header {
            block_size: layout.block_size,
            block_bytes: layout.block_bytes,
            num_tokens,
            num_blocks,
            identity,
        };
        finish(file, &header).map_err(failed)?;
        temporary.become_file(path).map_err(failed)?;
    }
    Ok(num_blocks * layout.block_size)
}

/// Puts a file's blocks into the cache. Returns how many tokens are there afterwards: 0 for a file of another model, type
/// of KV cache or version, fewer than the file has where there is no room.
///
/// # Errors
/// `InvalidSessionFile` for a file that can't be read or is damaged, `Closed`.
pub(crate) fn load(engine: &Engine, identity: Identity, context_length: usize, path: &Path) -> Result<usize> {
    let failed = |error: io::Error| file_error("read", path, &error);
    let file = File::open(path).map_err(failed)?;
    let file_bytes = file.metadata().map_err(failed)?.len();
    let mut file = BufReader::with_capacity(1 << 20, file);
    let mut header = [0; HEADER_BYTES];
    read_checked(&mut file, &mut header).map_err(failed)?;
    let Some(header) = Header::parse(&header).map_err(failed)? else {
        return Ok(0);
    };
    if header.identity != identity {
        return Ok(0);
    }
    header.check(engine.block_layout(), file_bytes).map_err(failed)?;
    let mut token_bytes = vec![0; header.num_tokens * size_of::<u32>()];
    read_checked(&mut file, &mut token_bytes).map_err(failed)?;
    // The model may have been loaded with a shorter context since.
    let most = context_length - context_length % header.block_size;
    let tokens: Arc<[u32]> = token_bytes.chunks_exact(4).map(number).take(most).collect();
    let num_blocks = header.num_blocks.min(tokens.len() / header.block_size);

    let mut restoring = Restoring::default();
    for index in 0..num_blocks {
        // Buffers of this size are costly to get, so those that come back are used again.
        let mut block = restoring.spare.pop().unwrap_or_default();
        block.resize(header.block_bytes, 0);
        read_checked(&mut file, &mut block).map_err(failed)?;
        let has_room = restoring.wait(MAX_PENDING - 1)?;
        if !has_room {
            break;
        }
        restoring
            .pending
            .push_back(engine.restore_block(&tokens, index, block)?);
    }
    restoring.wait(0)?;
    Ok(restoring.num_restored * header.block_size)
}

/// Blocks on their way into the engine.
#[derive(Default)]
struct Restoring {
    pending: VecDeque<Pending<(bool, Vec<u8>)>>,
    /// Buffers that came back.
    spare: Vec<Vec<u8>>,
    num_restored: usize,
}

impl Restoring {
    /// Waits until no more than `most` are on their way; false once one of them found no room.
    fn wait(&mut self, most: usize) -> Result<bool> {
        while self.pending.len() > most {
            let Some(next) = self.pending.pop_front() else { break };
            let (is_restored, buffer) = next.wait()?;
            if !is_restored {
                self.pending.clear();
                return Ok(false);
            }
            self.num_restored += 1;
            self.spare.push(buffer);
        }
        Ok(true)
    }
}

#[derive(Debug)]
struct Header {
    block_size: usize,
    block_bytes: usize,
    num_tokens: usize,
    num_blocks: usize,
    identity: Identity,
}

impl Header {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(FORMAT.to_le_bytes());
        bytes.extend((self.block_size as u32).to_le_bytes());
        bytes.extend((self.block_bytes as u64).to_le_bytes());
        bytes.extend((self.num_tokens as u32).to_le_bytes());
        bytes.extend((self.num_blocks as u32).to_le_bytes());
        bytes.extend(self.identity.0);
        bytes
    }

    /// None for another version's.
    fn parse(bytes: &[u8; HEADER_BYTES]) -> io::Result<Option<Self>> {
        if bytes[..8] != MAGIC {
            return Err(invalid("it isn't a file of KV blocks"));
        }
        if number(&bytes[8..12]) != FORMAT {
            return Ok(None);
        }
        let mut identity = [0; 32];
        identity.copy_from_slice(&bytes[32..]);
        Ok(Some(Self {
            block_size: number(&bytes[12..16]) as usize,
            block_bytes: number(&bytes[16..20]) as usize | (number(&bytes[20..24]) as usize) << 32,
            num_tokens: number(&bytes[24..28]) as usize,
            num_blocks: number(&bytes[28..32]) as usize,
            identity: Identity(identity),
        }))
    }

    /// Before anything is allocated: all sizes are this engine's, and the file has the length that follows from them.
    fn check(&self, layout: &BlockLayout, file_bytes: u64) -> io::Result<()> {
        let is_ours = self.block_size == layout.block_size && self.block_bytes == layout.block_bytes;
        if !is_ours || self.num_blocks.saturating_mul(self.block_size) > self.num_tokens {
            return Err(invalid("its sizes contradict each other"));
        }
        let expected = HEADER_BYTES as u64
            + CRC_BYTES
            + self.num_tokens as u64 * 4
            + CRC_BYTES
            + self.num_blocks as u64 * (self.block_bytes as u64 + CRC_BYTES);
        if file_bytes != expected {
            return Err(invalid(format!("it has {file_bytes} bytes instead of {expected}")));
        }
        Ok(())
    }
}

/// A new file with room for the header, and the tokens.
fn begin(path: &Path, tokens: &[u32]) -> io::Result<BufWriter<File>> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create_new(path)?);
    file.write_all(&[0; HEADER_BYTES + CRC_BYTES as usize])?;
    let bytes: Vec<u8> = tokens.iter().flat_map(|id| id.to_le_bytes()).collect();
    write_checked(&mut file, &bytes)?;
    Ok(file)
}

/// Writes the header, now that the number of blocks is known.
fn finish(mut file: BufWriter<File>, header: &Header) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    write_checked(&mut file, &header.bytes())?;
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

fn write_checked(file: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.write_all(&crc32fast::hash(bytes).to_le_bytes())
}

fn read_checked(file: &mut impl Read, bytes: &mut [u8]) -> io::Result<()> {
    let mut crc = [0; CRC_BYTES as usize];
    file.read_exact(bytes)?;
    file.read_exact(&mut crc)?;
    if crc32fast::hash(bytes) != u32::from_le_bytes(crc) {
        return Err(invalid("it is damaged: a checksum doesn't match"));
    }
    Ok(())
}

fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .rev()
        .fold(0, |number, &byte| number << 8 | u32::from(byte))
}

fn invalid(message: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message.into())
}

fn file_error(done: &str, path: &Path, error: &io::Error) -> RuntimeError {
    let reason = match error.kind() {
        io::ErrorKind::UnexpectedEof => "it ends too early".to_owned(),
        _ => error.to_string(),
    };
    let message = format!("the KV cache's file {} can't be {done}: {reason}", path.display());
    RuntimeError::new(ErrorCode::InvalidSessionFile, message)
}

/// A file that is gone again unless it becomes the real one.
struct Temporary {
    path: PathBuf,
}

impl Temporary {
    fn beside(path: &Path) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}-{number}.tmp", std::process::id()));
        Self { path: name.into() }
    }

    fn become_file(&self, path: &Path) -> io::Result<()> {
        std::fs::rename(&self.path, path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // There is none where it became the real one, or never began.
        let _ = std::fs::remove_file(&self.path);
    }
}
