//! Input: bytes of one message -> alerts, or a named [`Reject`].
