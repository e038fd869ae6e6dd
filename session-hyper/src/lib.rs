//! Flask's sessions for hyper.
