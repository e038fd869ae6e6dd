//! Counts the visits of each visitor.
//!
//! `SECRET_KEY=$(openssl rand -base64 33) cargo run --bin counter-hyper`, then open http://127.0.0.1:5000

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use session_hyper::{Config, Error, RequestSession, SessionLayer, Sessions};
use tokio::net::TcpListener;

async fn visit(request: Request<Incoming>) -> Result<Response<String>, Error> {
    let session = request.session().await?;
    let visits = session.increment("visits", 1)?;
    Ok(Response::new(format!(
        "You have visited this page {visits} times\n"
    )))
}

/// Serves the application: its handler, wrapped in the layer that gives it sessions.
pub async fn serve(listener: TcpListener, sessions: Sessions) -> std::io::Result<()> {
    let service = SessionLayer::new(sessions).wrap(service_fn(visit));
    loop {
        let (stream, service) = (TokioIo::new(listener.accept().await?.0), service.clone());
        tokio::spawn(async move {
            let builder = Builder::new(TokioExecutor::new());
            builder.serve_connection(stream, service).await
        });
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sessions = Config::from_env("")?.build()?;
    Ok(serve(TcpListener::bind("127.0.0.1:5000").await?, sessions).await?)
}
