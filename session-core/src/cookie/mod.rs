//! The cookie: finds ours in the request, and renders Set-Cookie.

pub(crate) mod attributes;
mod expires;
pub(crate) mod header;
pub(crate) mod rename;
mod render;
pub(crate) mod template;
mod trim;
mod werkzeug;

#[cfg(test)]
mod tests;
