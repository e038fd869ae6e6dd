//! S: when a cookie's value is accepted, and when it is refused.

mod binding;
mod form;
mod helpers;
mod times;
