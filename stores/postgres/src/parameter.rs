//! Parameters of statements.

use std::error::Error;
use std::fmt;

use bytes::BytesMut;
use tokio_postgres::types::{Format, IsNull, ToSql, Type};

/// A value for a statement. Its type is known here, which saves a round trip for asking the server.
pub(crate) trait Parameter: ToSql + Sync {
    fn kind(&self) -> Type;
}

impl Parameter for i64 {
    fn kind(&self) -> Type {
        Type::INT8
    }
}

impl Parameter for &[u8] {
    fn kind(&self) -> Type {
        Type::BYTEA
    }
}

impl Parameter for Option<&[u8]> {
    fn kind(&self) -> Type {
        Type::BYTEA
    }
}

/// A parameter that prints nothing. The client logs statements with their parameters, at the level `debug`, and a parameter may
/// be a user or the content of a session.
pub(crate) struct Hidden<'a>(pub(crate) &'a dyn Parameter);

impl fmt::Debug for Hidden<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

impl ToSql for Hidden<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.0.to_sql_checked(ty, out)
    }

    /// Returns true: the parameter checks the type itself when it is written.
    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.0.to_sql_checked(ty, out)
    }

    fn encode_format(&self, ty: &Type) -> Format {
        self.0.encode_format(ty)
    }
}
