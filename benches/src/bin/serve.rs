//! Serves one application on one thread, for wrk: `serve axum ours`. Prints its port and a Cookie
//! header for it.

use std::convert::Infallible;
use std::env;
use std::net::Ipv4Addr;
use std::process::ExitCode;

use actix_web::cookie::Key;
use actix_web::test::init_service;
use actix_web::{App, HttpServer, rt::System};
use benches::frameworks::{
    actix, axum as layers, finish, hyper as services, rocket as fairings, runtime,
};
use benches::payload::USUAL;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use rocket::fairing::AdHoc;
use tokio::net::TcpListener;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [framework, who] = &arguments[..] else {
        eprintln!("usage: serve FRAMEWORK WHO");
        return ExitCode::FAILURE;
    };
    let _entered = runtime().enter();
    match (framework.as_str(), who.as_str()) {
        ("axum", who) => axum(who),
        ("hyper", "bare") => hyper(
            services::bare(),
            &services::cookie(&services::bare(), USUAL),
        ),
        ("hyper", "ours") => hyper(
            services::ours(USUAL),
            &services::cookie(&services::ours(USUAL), USUAL),
        ),
        ("rocket", who) => rocket(who),
        ("actix", "bare") => actix_bare(),
        ("actix", actix::SIGNED) => actix_session(),
        (framework, who) => panic!("{framework} has no application {who:?}"),
    }
    ExitCode::SUCCESS
}

fn announce(port: u16, cookie: &str) {
    println!("{port}\n{cookie}");
}

async fn listen(cookie: &str) -> TcpListener {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    announce(listener.local_addr().unwrap().port(), cookie);
    listener
}

fn axum(who: &str) {
    let (_, make) = layers::APPLICATIONS
        .into_iter()
        .find(|(name, _)| *name == who)
        .expect("an application");
    let (router, cookie) = layers::ready(make, USUAL);
    runtime().block_on(async { axum::serve(listen(&cookie).await, router).await.unwrap() });
}

fn hyper<S>(service: S, cookie: &str)
where
    S: Service<Request<Incoming>, Response = Response<services::Body>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
{
    runtime().block_on(async {
        let listener = listen(cookie).await;
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(
                http1::Builder::new().serve_connection(TokioIo::new(stream), service.clone()),
            );
        }
    });
}

fn rocket(who: &str) {
    let (_, make) = fairings::APPLICATIONS
        .into_iter()
        .find(|(name, _)| *name == who)
        .expect("an application");
    let (_, cookie) = fairings::ready(make, USUAL);
    let liftoff = AdHoc::on_liftoff("announce", |rocket| {
        Box::pin(async move { announce(rocket.config().port, &cookie) })
    });
    runtime()
        .block_on(make(USUAL).attach(liftoff).launch())
        .unwrap();
}

/// Runs actix-web's server, which has a type for each application.
macro_rules! serve_actix {
    ($application:expr) => {{
        let application = $application;
        let cookie = actix::cookie(&finish(init_service(application())), USUAL);
        System::new().block_on(async {
            let server = HttpServer::new(application)
                .workers(1)
                .bind((Ipv4Addr::LOCALHOST, 0))
                .unwrap();
            announce(server.addrs()[0].port(), &cookie);
            server.run().await.unwrap();
        });
    }};
}

fn actix_bare() {
    serve_actix!(|| App::new().configure(actix::bare));
}

fn actix_session() {
    let key = Key::generate();
    serve_actix!(move || App::new()
        .configure(actix::with_session(USUAL))
        .wrap(actix::middleware(key.clone())));
}
