//! `echo-server ADDRESS:PORT`

use std::env;
use std::error::Error;
use std::net::SocketAddr;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address: SocketAddr = env::args().nth(1).ok_or("usage: echo-server ADDRESS:PORT")?.parse()?;
    Ok(echo_server::serve(echo_server::listen(address)?).await?)
}
