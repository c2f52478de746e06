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
