//! What the runtime can only end by an abort ends with one message and exit code 1.
//!
//! Memory that cannot be had and a stack that is too deep do not unwind: the runtime prints a line
//! and raises SIGABRT. A handler says what that means for the user and leaves. To tell the first
//! from the second, the allocator notes the size of the last request that was refused; it refuses
//! as the system's does, so that whoever can go on without that memory still does.

#![expect(
    unsafe_code,
    reason = "an allocator and a signal handler cannot be written without; each block says why it holds"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write;
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The last request for memory that was refused, in bytes.
static REFUSED: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, which notes what it refused.
struct Noting;

#[global_allocator]
static ALLOCATOR: Noting = Noting;

// SAFETY: every call is passed on unchanged to the system's allocator, whose contract is the same.
unsafe impl GlobalAlloc for Noting {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: our caller keeps the contract of `alloc`.
        noted(unsafe { System.alloc(layout) }, layout.size())
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: our caller keeps the contract of `alloc_zeroed`.
        noted(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    #[inline]
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: our caller keeps the contract of `realloc`; `place` came from the system's allocator.
        noted(unsafe { System.realloc(place, layout, size) }, size)
    }

    #[inline]
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: our caller keeps the contract of `dealloc`; `place` came from the system's allocator.
        unsafe { System.dealloc(place, layout) }
    }
}

#[inline]
fn noted(place: *mut u8, size: usize) -> *mut u8 {
    if place.is_null() {
        REFUSED.store(size, Ordering::Relaxed);
    }
    place
}

/// From now on an abort is told in words. A system that takes no handler aborts as before.
pub(crate) fn explain() {
    #[cfg(unix)]
    // SAFETY: the handler allocates nothing, takes no lock and ends the process: it writes to file
    // descriptor 2 from a buffer on the stack.
    let _ = unsafe { signal_hook::low_level::register(signal_hook::consts::SIGABRT, tell) };
}

#[cfg(unix)]
fn tell() {
    use std::os::fd::FromRawFd;
    let mut room = [0_u8; 400];
    let mut words = std::io::Cursor::new(&mut room[..]);
    // what does not fit into the buffer is cut
    let _ = match REFUSED.load(Ordering::Relaxed) {
        0 => write!(
            words,
            "error: a bug in reduce: it had to be ended, see the line above\n\
             hint: report it with the command and, if you can, the input; no result was left half-written\n"
        ),
        bytes => write!(
            words,
            "error: out of memory: {bytes} bytes more could not be had\n\
             hint: use fewer rows (`input: {{rows: {{sample: N}}}}`), fewer columns or a smaller network; where the \
             input is small, it is damaged. No result was left half-written\n"
        ),
    };
    let length = usize::try_from(words.position()).unwrap_or(0).min(room.len());
    // SAFETY: descriptor 2 is stderr; it is not closed, because the file is never dropped.
    let mut stderr = ManuallyDrop::new(unsafe { std::fs::File::from_raw_fd(2) });
    let _ = stderr.write_all(&room[..length]);
    signal_hook::low_level::exit(1);
}
