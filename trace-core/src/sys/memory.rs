/// Lets the threads of this process share the memory that they give back. For programs whose threads each need much for a
/// moment; to be said before they start.
///
/// glibc keeps what was given back in up to eight stores a processor, and a thread takes from its own only: each grows to
/// the most that its threads ever needed at once (`M_ARENA_MAX` of mallopt(3)). With another C library nothing is to be done.
pub fn share_free_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        #[expect(unsafe_code, reason = "nothing safe tells the C library")]
        // SAFETY: it takes two numbers and keeps them; it refuses those that make no sense.
        unsafe {
            libc::mallopt(libc::M_ARENA_MAX, 2);
        }
    }
}

/// Gives memory that was freed back to the system, as far as whole pages of it are free. Who runs for years calls it now and
/// then: what was needed once, for a burst of traces, is not kept for ever (`malloc_trim(3)`). It takes about a millisecond.
/// With another C library nothing is done.
pub fn give_back_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        #[expect(unsafe_code, reason = "nothing safe tells the C library")]
        // SAFETY: it takes a number, and touches nothing that is allocated.
        unsafe {
            libc::malloc_trim(0);
        }
    }
}
