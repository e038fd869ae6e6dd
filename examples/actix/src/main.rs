//! Serves the tour on actix-web: `cargo run -p tour-actix`.

use std::process::ExitCode;

use actix_web::{App, HttpServer};
use tour::start::Tour;
use tour::stop;
use tour_actix::adapter::SessionLayer;
use tour_actix::routes;

#[tokio::main]
async fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| "session=info".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let tour = match Tour::start("actix-web", 5003).await {
        Ok(tour) => tour,
        Err(code) => return code,
    };
    match serve(tour.clone()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => tour.failed(&error),
    }
}

async fn serve(tour: Tour) -> std::io::Result<()> {
    let layer = SessionLayer::from(tour.source.clone());
    let application = {
        let tour = tour.clone();
        move || {
            App::new()
                .configure(routes::configure(tour.clone()))
                .wrap(layer.middleware())
        }
    };
    let server = HttpServer::new(application)
        .shutdown_signal(stop::asked()?)
        .shutdown_timeout(stop::LIMIT.as_secs())
        .bind(tour.bind)?;
    server
        .addrs()
        .into_iter()
        .for_each(|address| tour.announce(address));
    server.run().await
}
