//! The program; see `doorstep --help`.

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    doorstep::cli::main().await
}
