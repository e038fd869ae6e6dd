//! S: what a signed cookie is believed, and what not.

mod binding;
mod form;
mod helpers;
mod times;
