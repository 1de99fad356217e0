//! Asks for memory before it is needed.

/// Lets the processor fetch what `item` refers to. Only a hint: it changes nothing but the time of
/// the next read, and where there is no such instruction it is nothing.
#[inline]
#[cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "the instruction has no safe name; it reads nothing, and the address is a reference's"
    )
)]
pub(crate) fn prefetch<T>(item: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let address = std::ptr::from_ref(item).cast::<i8>();
        // Line by line, and the first one whatever its size.
        for line in (0..size_of::<T>().max(1)).step_by(64) {
            // SAFETY: a prefetch of any address is allowed, and SSE is part of every x86-64.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(address.wrapping_add(line)) };
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = item;
}
