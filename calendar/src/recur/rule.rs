//! RRULE as a value (RFC 5545 §3.3.10).
