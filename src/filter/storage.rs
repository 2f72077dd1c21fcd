//! The bytes of a table: a mapped file, or memory where there is no folder to write to.

#![allow(unsafe_code)]

use std::fs::File;
use std::io;

use memmap2::{Mmap, MmapMut};
use rustix::fs::{FallocateFlags, fallocate};

/// Bytes that do not change any more.
#[derive(Debug)]
pub(super) struct Storage {
    map: Mmap,
    len: usize,
}

impl Storage {
    /// Maps a finished table file.
    pub(super) fn open(file: &File) -> io::Result<Self> {
        // SAFETY: a table file lies in the data folder, which is ours alone. We write a table
        // under a temporary name and rename it; a finished one is never written to or cut short,
        // only replaced, and a replaced file lives on while it is mapped.
        let map = unsafe { Mmap::map(file) }?;
        Ok(Self { len: map.len(), map })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.map[..self.len]
    }
}

/// Zeroed bytes for a table in the making.
pub(super) struct Draft {
    map: MmapMut,
    file: Option<File>,
}

impl Draft {
    /// A draft of `len` bytes in `file`, which must be new and empty.
    ///
    /// # Errors
    /// There is no room, or the file system cannot promise any: to write to a page that the disk has
    /// no room for would end the process.
    pub(super) fn in_file(file: File, len: usize) -> io::Result<Self> {
        fallocate(&file, FallocateFlags::empty(), 0, len as u64)?;
        // SAFETY: the file was just made by us under a temporary name nobody else uses, and keeps
        // its length until this map is dropped.
        let map = unsafe { MmapMut::map_mut(&file) }?;
        Ok(Self { map, file: Some(file) })
    }

    /// A draft of `len` bytes in memory.
    pub(super) fn in_memory(len: usize) -> io::Result<Self> {
        Ok(Self { map: MmapMut::map_anon(len)?, file: None })
    }

    pub(super) fn bytes(&mut self) -> &mut [u8] {
        &mut self.map
    }

    /// Makes the first `len` bytes unchangeable and, for a file, safe on the disk.
    pub(super) fn finish(self, len: usize) -> io::Result<Storage> {
        match self.file {
            Some(file) => {
                drop(self.map);
                file.set_len(len as u64)?;
                file.sync_all()?;
                Storage::open(&file)
            }
            None => Ok(Storage { map: self.map.make_read_only()?, len }),
        }
    }
}
