//! Flask's sessions for rocket.
